// Bundles src/islands.ts into the folder of the pages' static files, and puts the licences of what is in it beside it.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const INTO = new URL("../src/tocsin/web/static/built/", import.meta.url);

const made = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["src/islands.ts"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  metafile: true,
  write: false,
});
const packages = new Set(
  Object.keys(made.metafile.inputs).flatMap(
    (path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  ),
);

/** Returns the name of a package with its licence; the packages of one family have one, which may lie in its core only. */
function licence(name) {
  const folder = `${import.meta.dirname}/node_modules/${name}`;
  const about = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const text = file ? readFileSync(`${folder}/${file}`, "utf8").trim() : `Licence: ${about.license}`;
  return `${name} ${about.version}\n\n${text}\n`;
}

rmSync(INTO, { recursive: true, force: true });
mkdirSync(INTO, { recursive: true });
writeFileSync(
  new URL("licences.txt", INTO),
  [...packages]
    .sort()
    .map(licence)
    .join(`\n${"-".repeat(72)}\n\n`),
);
// The script comes last: whoever finds it there knows that all is built.
writeFileSync(new URL("islands.js", INTO), made.outputFiles[0].contents);
