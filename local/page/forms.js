/** The forms of a challenge that offers several alternatives at once. */

/** Each form's challenge, and the parameter that it requires. */
const FORMS = {
  picture: { challenge: "CAPTCHA", parameter: "captchaUrl" },
  sound: { challenge: "CAPTCHA", parameter: "captchaAudioUrl" },
  work: { challenge: "PROOF_OF_WORK", parameter: "proofOfWork" },
  cap: { challenge: "CAP", parameter: "capEndpoint" },
  hcaptcha: { challenge: "HCAPTCHA", parameter: "hcaptchaSiteKey" },
  recaptcha: { challenge: "RECAPTCHA", parameter: "recaptchaSiteKey" },
  turnstile: { challenge: "TURNSTILE", parameter: "turnstileSiteKey" },
};

/** Returns the names of the forms in `parameters`. */
export function formsOf(parameters) {
  return Object.keys(FORMS).filter((form) => parameters[FORMS[form].parameter] !== undefined);
}

/** Returns the form to show: the one that the reader has chosen, else one of the challenge that the server names first. */
export function firstForm(parameters, chosen) {
  const forms = formsOf(parameters);
  if (forms.includes(chosen)) return chosen;
  return forms.find((form) => FORMS[form].challenge === parameters.challenge) ?? forms[0];
}

/** Returns the form and the challenge after `challenge` in `alternatives`, if the page can show one of them. */
export function otherWay(challenge, alternatives) {
  const names = alternatives.split(",");
  const after = [...names.slice(names.indexOf(challenge) + 1), ...names.slice(0, names.indexOf(challenge))];
  const formOf = (name) => Object.keys(FORMS).find((form) => FORMS[form].challenge === name);
  const form = after.map(formOf).find((found) => found !== undefined);
  return form && { form, challenge: FORMS[form].challenge };
}

/** Returns `parameters` as if only `form` had been requested, or all of them if they do not have it. */
export function inForm(parameters, form) {
  const forms = formsOf(parameters);
  if (!forms.includes(form)) {
    return parameters;
  }
  const others = forms.filter((other) => other !== form).map((other) => FORMS[other].parameter);
  const kept = Object.entries(parameters).filter(([name]) => !others.includes(name));
  return { ...Object.fromEntries(kept), challenge: FORMS[form].challenge };
}

/** Returns the metadata that requests a challenge in this form only. */
export function metadataFor(form) {
  return { challenge: FORMS[form].challenge, captcha: form === "sound" ? "audio" : "image" };
}
