import type { Editor } from "@tiptap/core";
import { element } from "../dom";
import type { Toolbar } from "./toolbar";

const MARKS = [
  { name: "Bold", mark: "bold", letter: element("b", {}, "B"), keys: "Control+B" },
  { name: "Italic", mark: "italic", letter: element("i", {}, "I"), keys: "Control+I" },
  { name: "Underline", mark: "underline", letter: element("u", {}, "U"), keys: "Control+U" },
  { name: "Strikethrough", mark: "strike", letter: element("s", {}, "S"), keys: "Control+Shift+S" },
];

/** Adds the tools for how words look. */
export function markTools(toolbar: Toolbar, editor: Editor, isOff: () => boolean): void {
  const letters = MARKS.map(({ name, mark, letter, keys }) =>
    toolbar.button({
      name,
      shows: letter.cloneNode(true) as HTMLElement,
      keys,
      isOff,
      isOn: () => editor.isActive(mark),
      run: () => editor.chain().focus().toggleMark(mark).run(),
    }),
  );
  const code = toolbar.button({
    name: "Code",
    shows: "code",
    keys: "Control+E",
    isOff,
    isOn: () => editor.isActive("code"),
    run: () => editor.chain().focus().toggleCode().run(),
  });
  toolbar.group(...letters, code);
}

/** Adds the tools for lists. */
export function listTools(toolbar: Toolbar, editor: Editor, isOff: () => boolean): void {
  const sink = () => editor.can().sinkListItem("listItem");
  const lift = () => editor.can().liftListItem("listItem");
  toolbar.group(
    toolbar.button({
      name: "Bullet list",
      shows: "bullets",
      keys: "Control+Shift+8",
      isOff,
      isOn: () => editor.isActive("bulletList"),
      run: () => editor.chain().focus().toggleBulletList().run(),
    }),
    toolbar.button({
      name: "Numbered list",
      shows: "numbers",
      keys: "Control+Shift+7",
      isOff,
      isOn: () => editor.isActive("orderedList"),
      run: () => editor.chain().focus().toggleOrderedList().run(),
    }),
    toolbar.button({
      name: "Further in",
      shows: "deeper",
      keys: "Control+]",
      isOff: () => isOff() || !sink(),
      run: () => editor.chain().focus().sinkListItem("listItem").run(),
    }),
    toolbar.button({
      name: "Further out",
      shows: "shallower",
      keys: "Control+[",
      isOff: () => isOff() || !lift(),
      run: () => editor.chain().focus().liftListItem("listItem").run(),
    }),
  );
}

/** Adds undo and redo. */
export function historyTools(toolbar: Toolbar, editor: Editor, isOff: () => boolean): void {
  toolbar.group(
    toolbar.button({
      name: "Undo",
      shows: "undo",
      keys: "Control+Z",
      isOff: () => isOff() || !editor.can().undo(),
      run: () => editor.chain().focus().undo().run(),
    }),
    toolbar.button({
      name: "Redo",
      shows: "redo",
      keys: "Control+Shift+Z",
      isOff: () => isOff() || !editor.can().redo(),
      run: () => editor.chain().focus().redo().run(),
    }),
  );
}
