/** Shows a challenge of an unknown type: its name and its parameters. */

/** Parameters that all challenges may have. */
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

/** Returns `{ heading, label, details }`: the label of the answer, and details as names with values. */
export function generic(parameters, texts) {
  const { challenge, prompt } = parameters;
  return {
    heading: challenge || texts.otherHeading,
    label: prompt || texts.otherAnswer,
    details: Object.entries(parameters).filter(([name]) => !STANDARD.has(name)),
  };
}
