"""Tools for assistants over the Model Context Protocol: they mirror the API, and treat what bookers wrote as data."""
