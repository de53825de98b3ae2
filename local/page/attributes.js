/** The fields for the attributes of a user. This file does not use the DOM. */

/** The properties of the input for each attribute. Their labels are in the texts, under the same names. */
const INPUTS = {
  address: { autocomplete: "street-address" },
  birthdate: { autocomplete: "bday", type: "date" },
  email: { autocomplete: "email", type: "email", dir: "ltr" },
  family_name: { autocomplete: "family-name" },
  gender: { autocomplete: "sex" },
  given_name: { autocomplete: "given-name" },
  locale: { autocomplete: "language", dir: "ltr" },
  middle_name: { autocomplete: "additional-name" },
  name: { autocomplete: "name" },
  nickname: { autocomplete: "nickname" },
  phone_number: { autocomplete: "tel", type: "tel", dir: "ltr", placeholder: "+12065550100" },
  picture: { autocomplete: "photo", type: "url", dir: "ltr" },
  preferred_username: {},
  profile: { type: "url", dir: "ltr" },
  website: { autocomplete: "url", type: "url", dir: "ltr" },
  zoneinfo: { dir: "ltr" },
};

/** The attributes that the browser knows. The reader may change them. */
const KNOWN = {
  locale: () => navigator.language,
  updated_at: () => String(Math.floor(Date.now() / 1000)),
  zoneinfo: () => new Intl.DateTimeFormat().resolvedOptions().timeZone,
};

/** Returns the field for the attribute `name`, as fields.js shows it. */
export function attributeField(name, texts) {
  return { name, label: texts[name] ?? name, value: KNOWN[name]?.() ?? "", ...INPUTS[name] };
}

/** Returns `value` as Cognito stores it: people write phone numbers with spaces, dashes and brackets. */
export function attributeValue(name, value) {
  return name === "phone_number" ? value.replaceAll(/[\s\p{Pd}\p{Cf}().]/gu, "") : value.trim();
}
