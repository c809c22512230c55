import { type AnyExtension, Extension } from "@tiptap/core";
import { Bold } from "@tiptap/extension-bold";
import { Code } from "@tiptap/extension-code";
import { Document } from "@tiptap/extension-document";
import { HardBreak } from "@tiptap/extension-hard-break";
import { Heading } from "@tiptap/extension-heading";
import { Italic } from "@tiptap/extension-italic";
import { BulletList } from "@tiptap/extension-list/bullet-list";
import { ListItem } from "@tiptap/extension-list/item";
import { ListKeymap } from "@tiptap/extension-list/keymap";
import { OrderedList } from "@tiptap/extension-list/ordered-list";
import { Paragraph } from "@tiptap/extension-paragraph";
import { Strike } from "@tiptap/extension-strike";
import { Text } from "@tiptap/extension-text";
import { Underline } from "@tiptap/extension-underline";
import { UndoRedo } from "@tiptap/extensions/undo-redo";
import { Link } from "./link";
import { VariableChip } from "./variable";

/** Nesting has keys of its own: Tab is for going to the next field. */
const Nesting = Extension.create({
  name: "nesting",
  addKeyboardShortcuts() {
    return {
      "Mod-]": () => this.editor.commands.sinkListItem("listItem"),
      "Mod-[": () => this.editor.commands.liftListItem("listItem"),
    };
  },
});

/** An item may begin with anything, as in HTML. */
const Item = ListItem.extend({
  content: "block+",
  addKeyboardShortcuts() {
    return { Enter: () => this.editor.commands.splitListItem(this.name) };
  },
});

/**
 * All that can be in a document: the tags that mails may hold (formats/markup.py), of which span says nothing without
 * attributes. `known` are the variables with what they stand for.
 */
export function extensionsFor(known: Map<string, string>): AnyExtension[] {
  return [
    Document,
    Paragraph,
    Text,
    HardBreak,
    Heading.configure({ levels: [1, 2, 3, 4, 5] }),
    BulletList,
    OrderedList.extend({ addAttributes: () => ({}) }),
    Item,
    ListKeymap,
    Nesting,
    Link,
    Bold,
    Italic,
    Strike,
    Underline,
    Code.extend({ excludes: "" }),
    VariableChip.configure({ known }),
    UndoRedo,
  ];
}
