import { element, pointed } from "./dom";
import { caretOf, type Field, isLocked, nameOf } from "./field";
import { Menu } from "./menu";

/** What a mail can say about a booking: its name, and in words what stands there then. */
export interface Variable {
  name: string;
  says: string;
}

/** Returns the variables that the page offers: `<template><ul><li data-name="client.name">…`, with braces or without. */
export function variablesIn(list: HTMLTemplateElement | null): Variable[] {
  const items = list?.content.querySelectorAll<HTMLElement>("[data-name]") ?? [];
  return [...items].map((item) => ({
    name: item.dataset.name?.replace(/^\{\{|\}\}$/g, "") ?? "",
    says: item.textContent?.trim() ?? "",
  }));
}

/** Returns how a variable is written in a text. */
export function written(name: string): string {
  return `{{${name}}}`;
}

/** Returns a menu of variables. */
export function variableMenu(
  button: HTMLButtonElement,
  variables: Variable[],
  insert: (name: string) => void,
): Menu {
  const choices = variables.map(({ name, says }) => ({ label: name, says, choose: () => insert(name) }));
  return new Menu(button, "Variables", choices);
}

/** Gives a field of plain text a button that inserts variables at the caret. */
export function startVariables(field: Field): void {
  const variables = variablesIn(pointed<HTMLTemplateElement>(field, "variables"));
  if (isLocked(field) || variables.length === 0) return;
  const name = `Insert variable: ${nameOf(field)}`;
  const button = element(
    "button",
    { type: "button", class: "quiet small", "aria-label": name },
    "Insert variable",
  );
  const insert = caretOf(field);
  const menu = variableMenu(button, variables, (name) => insert(written(name)));
  menu.box.classList.add("beside");
  field.after(menu.box);
}
