/** The languages of the page, and the choice for its reader. `texts/TAG.js` has the texts of one language. */

/** The languages by BCP 47 tag, and the direction in which each is written. */
export const LANGUAGES = {
  ar: "rtl",
  de: "ltr",
  en: "ltr",
  es: "ltr",
  fr: "ltr",
  it: "ltr",
  ja: "ltr",
  ko: "ltr",
  "pt-BR": "ltr",
  "zh-Hans": "ltr",
};

/**
 * The language for the BCP 47 tag `wanted`: the tag itself or what is left when it is shortened from its end, else one
 * that is the same language in the same script (`zh-CN` finds `zh-Hans`, `pt-PT` finds `pt-BR`), else English.
 */
export function languageFor(wanted) {
  const tags = Object.keys(LANGUAGES);
  try {
    const { baseName } = new Intl.Locale(wanted);
    const subtags = baseName.split("-");
    const shortened = subtags.map((_, index) => subtags.slice(0, subtags.length - index).join("-"));
    return shortened.find((tag) => tags.includes(tag)) ?? tags.find((tag) => writing(tag) === writing(baseName)) ?? "en";
  } catch {
    return "en";
  }
}

/** Loads the texts of a page in `language`. `folder` has a file for each language. */
export async function textsIn(language, folder = "texts") {
  const { default: texts } = await import(`./${folder}/${language}.js`);
  return texts;
}

/** Returns the language of `tag` and its script, which is the language's default if the tag has none. */
function writing(tag) {
  const { language, script } = new Intl.Locale(tag).maximize();
  return `${language}-${script}`;
}
