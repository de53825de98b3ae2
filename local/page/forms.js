/** The forms in which one challenge can be shown, when it asks several alternatives at once. */

/** Each form's challenge, and the parameter without which it cannot be shown. */
const FORMS = {
  picture: { challenge: "CAPTCHA", parameter: "captchaUrl" },
  sound: { challenge: "CAPTCHA", parameter: "captchaAudioUrl" },
  work: { challenge: "PROOF_OF_WORK", parameter: "proofOfWork" },
  cap: { challenge: "CAP", parameter: "capEndpoint" },
  hcaptcha: { challenge: "HCAPTCHA", parameter: "hcaptchaSiteKey" },
  recaptcha: { challenge: "RECAPTCHA", parameter: "recaptchaSiteKey" },
  turnstile: { challenge: "TURNSTILE", parameter: "turnstileSiteKey" },
};

/** The names of the forms that `parameters` have. */
export function formsOf(parameters) {
  return Object.keys(FORMS).filter((form) => parameters[FORMS[form].parameter] !== undefined);
}

/** The form to show: the one that the reader has chosen, else one of the challenge that the server names first. */
export function firstForm(parameters, chosen) {
  const forms = formsOf(parameters);
  if (forms.includes(chosen)) return chosen;
  return forms.find((form) => FORMS[form].challenge === parameters.challenge) ?? forms[0];
}

/** The form and the challenge that come after `challenge` in `alternatives`, if the page can show one of them. */
export function otherWay(challenge, alternatives) {
  const names = alternatives.split(",");
  const after = [...names.slice(names.indexOf(challenge) + 1), ...names.slice(0, names.indexOf(challenge))];
  const formOf = (name) => Object.keys(FORMS).find((form) => FORMS[form].challenge === name);
  const form = after.map(formOf).find((found) => found !== undefined);
  return form && { form, challenge: FORMS[form].challenge };
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
