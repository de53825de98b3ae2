/** How a challenge that this page was not written for is asked: by its name and what came with it. */

/** Parameters that any challenge may have; the rest are its own. */
const STANDARD = new Set([
  "USERNAME",
  "alternatives",
  "attemptsLeft",
  "challenge",
  "locale",
  "prompt",
  "step",
  "steps",
  "together",
]);

/** `{ heading, label, details }`: `label` is of the answer, `details` are names with values. */
export function generic(parameters, texts) {
  const { challenge, prompt } = parameters;
  return {
    heading: challenge || texts.otherHeading,
    label: prompt || texts.otherAnswer,
    details: Object.entries(parameters).filter(([name]) => !STANDARD.has(name)),
  };
}
