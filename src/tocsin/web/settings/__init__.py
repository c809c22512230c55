"""The settings of a workspace, a module for each page; which there are stands in `web.navigation`."""
