import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import test from "node:test";

import { counting } from "../counting.js";
import { LANGUAGES, languageFor, textsIn } from "../texts.js";

/** The folders of texts, one for each page that has its own. */
const FOLDERS = ["texts"];

/** Texts that are the same in English, by language: loanwords. */
const AS_IN_ENGLISH = {
  de: ["codeAnswer"],
  it: ["password"],
};

/** The value of each parameter: a number, or a text that no language changes. */
const NUMBERS = ["digits", "fewest", "longest", "number", "seconds", "shortest", "step", "steps", "tries"];
const sample = (name, index) => (NUMBERS.includes(name) ? 31 + index : `«${name}»`);

const parameters = (text) => text.toString().match(/^\(([^)]*)\)/)[1].split(", ").filter(Boolean);
const filled = (text, values) => (typeof text === "function" ? text(...values) : text);
const languages = Object.keys(LANGUAGES);

test("the list has each language that has a file, in each folder", async () => {
  for (const folder of FOLDERS) {
    const files = await readdir(new URL(`../${folder}`, import.meta.url));
    assert.deepEqual(files.sort(), languages.map((tag) => `${tag}.js`).sort(), folder);
  }
});

for (const folder of FOLDERS) {
  const all = await textsIn("en", folder);
  for (const language of languages) {
    const texts = await textsIn(language, folder);

    test(`${folder} in ${language} have the keys and placeholders of the English ones`, () => {
      assert.deepEqual(Object.keys(texts).sort(), Object.keys(all).sort());
      for (const [key, text] of Object.entries(all)) {
        assert.equal(typeof texts[key], typeof text, key);
        const names = typeof text === "function" ? parameters(text) : [];
        if (names.length > 0) assert.equal(texts[key].length, names.length, key);
        const said = filled(texts[key], names.map(sample));
        for (const [index, name] of names.entries()) {
          assert.ok(said.includes(sample(name, index)), `${key} leaves out ${name}: ${said}`);
        }
        assert.ok(said.trim() === said && said !== "" && !said.includes("undefined"), `${key}: ${said}`);
      }
    });

    test(`${folder} in ${language} are not in English`, { skip: language === "en" }, () => {
      const values = (key) => (typeof all[key] === "function" ? parameters(all[key]).map(sample) : []);
      const same = Object.keys(all).filter((key) => filled(all[key], values(key)) === filled(texts[key], values(key)));
      assert.deepEqual(same, AS_IN_ENGLISH[language] ?? []);
    });
  }
}

test("a reader gets the language of the tag, of what it is short for, or of the same script", () => {
  for (const [wanted, found] of [
    ["en-US", "en"],
    ["es-MX", "es"],
    ["de-Latn-AT", "de"],
    ["ja-JP", "ja"],
    ["ko", "ko"],
    ["ar-EG", "ar"],
    ["pt", "pt-BR"],
    ["pt-PT", "pt-BR"],
    ["pt-BR", "pt-BR"],
    ["zh", "zh-Hans"],
    ["zh-CN", "zh-Hans"],
    ["zh-SG", "zh-Hans"],
    ["zh-Hans-HK", "zh-Hans"],
    // Traditional Chinese is another script, without texts.
    ["zh-TW", "en"],
    ["zh-HK", "en"],
    ["zh-Hant", "en"],
    ["nl", "en"],
    ["", "en"],
    ["e n", "en"],
    [undefined, "en"],
    ["constructor", "en"],
  ]) {
    assert.equal(languageFor(wanted), found, wanted);
  }
});

test("a direction is that of the script", () => {
  for (const [tag, direction] of Object.entries(LANGUAGES)) {
    const { script } = new Intl.Locale(tag).maximize();
    assert.equal(direction, ["Arab", "Hebr"].includes(script) ? "rtl" : "ltr", tag);
  }
});

test("a number has the form that the language gives it", async () => {
  const left = async (language) => [0, 1, 2, 3, 11, 100].map((await textsIn(language)).triesLeft);
  assert.deepEqual((await left("en")).slice(0, 3), ["0 tries left.", "1 try left.", "2 tries left."]);
  // One form each for zero, one, two, 3 to 10, and from 11 on. Hundreds use another one.
  assert.deepEqual(await left("ar"), [
    "المتبقي: لا توجد محاولات.",
    "المتبقي: محاولة واحدة.",
    "المتبقي: محاولتان.",
    "المتبقي: 3 محاولات.",
    "المتبقي: 11 محاولة.",
    "المتبقي: 100 محاولة.",
  ]);
  const french = (await textsIn("fr")).sendAgainIn;
  assert.match(french(0), / 0 seconde\.$/);
  assert.match(french("2"), / 2 secondes\.$/);
  assert.equal(counting("ar")(3, { other: "any" }), "any");
});

test("what is typed from left to right stays so in a sentence from right to left", async () => {
  const { codeSent, linkSent, sentAgain } = await textsIn("ar");
  for (const said of [codeSent, linkSent, sentAgain]) assert.ok(said("d***@e***").includes("\u2066d***@e***\u2069"));
});
