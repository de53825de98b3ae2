/** The forms in which one challenge can be shown, when it asks several alternatives at once. */

/** Each form's challenge, and the parameter without which it cannot be shown. */
const FORMS = {
  picture: { challenge: "CAPTCHA", parameter: "captchaUrl" },
  sound: { challenge: "CAPTCHA", parameter: "captchaAudioUrl" },
  work: { challenge: "PROOF_OF_WORK", parameter: "proofOfWork" },
};

/** The names of the forms that `parameters` have. */
export function formsOf(parameters) {
  return Object.keys(FORMS).filter((form) => parameters[FORMS[form].parameter] !== undefined);
}

/** `parameters` as if only `form` had been asked for; all of them where they do not have it. */
export function inForm(parameters, form) {
  const forms = formsOf(parameters);
  if (!forms.includes(form)) {
    return parameters;
  }
  const others = forms.filter((other) => other !== form).map((other) => FORMS[other].parameter);
  const kept = Object.entries(parameters).filter(([name]) => !others.includes(name));
  return { ...Object.fromEntries(kept), challenge: FORMS[form].challenge };
}

/** The metadata that asks for a challenge in this form alone. */
export function metadataFor(form) {
  return { challenge: FORMS[form].challenge, captcha: form === "sound" ? "audio" : "image" };
}
