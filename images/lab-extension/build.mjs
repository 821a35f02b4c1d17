// Makes the folder that JupyterLab serves: build.mjs FOLDER
//
// JupyterLab takes extensions as containers of webpack's module federation. What it asks of one is two functions, and
// they stand below: `init` is given the packages that Lab shares, `get` hands the extension over. Writing them out
// saves the bundler of a bundler, hundreds of packages, and most of the bytes.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const folder = process.argv[2];
const about = JSON.parse(readFileSync("package.json", "utf8"));
const shared = ["@jupyterlab/*", "@lumino/*"]; // whatever of these is imported is Lab's own

const { outputFiles, metafile } = await build({
  entryPoints: ["src/index.ts"],
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: "cjs",
  target: "es2022",
  external: shared,
  loader: { ".css": "text", ".svg": "text" },
  outdir: folder,
});
const inputs = Object.values(metafile.outputs)[0].imports;
const needed = [...new Set(inputs.filter((each) => each.external).map((each) => each.path))].sort();

const container = `(() => {
const needed = ${JSON.stringify(needed)};
let scope;
// Of each shared package there is one version in a Lab; where an extension brought another, the newest is Lab's habit.
const newest = (versions) => Object.keys(versions).sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
const one = async (name) => {
  const versions = scope[name];
  if (!versions) throw new Error("this JupyterLab does not share " + name);
  return (await versions[newest(versions)].get())();
};
let made;
const make = async () => {
  const loaded = Object.fromEntries(await Promise.all(needed.map(async (name) => [name, await one(name)])));
  const module = { exports: {} };
  ((module, exports, require) => {
${outputFiles[0].text}
  })(module, module.exports, (name) => loaded[name]);
  return () => module.exports;
};
(globalThis._JUPYTERLAB ??= {})[${JSON.stringify(about.name)}] = {
  init: (given) => { scope = given; },
  get: () => (made ??= make()),
};
})();
`;

const name = `remoteEntry.${createHash("sha256").update(container).digest("hex").slice(0, 20)}.js`;
rmSync(folder, { recursive: true, force: true });
mkdirSync(`${folder}/static`, { recursive: true });
writeFileSync(`${folder}/static/${name}`, container);
cpSync(about.jupyterlab.schemaDir, `${folder}/schemas/${about.name}`, { recursive: true });
const { devDependencies, scripts, ...kept } = about;
kept.jupyterlab = { ...about.jupyterlab, _build: { load: `static/${name}`, extension: "./extension" } };
writeFileSync(`${folder}/package.json`, `${JSON.stringify(kept, null, 2)}\n`);
console.log(`${name}: ${(container.length / 1024).toFixed(1)} KiB; takes from Lab: ${needed.join(", ")}`);
