/** The texts for the steps of a sign-in. This file does not use the DOM. */

/** The group of the steps that belong to no sign-in. */
export const ELSEWHERE = "elsewhere";

/** Returns the name of the user, if it is known. */
export function title(steps) {
  if (steps[0].signIn === ELSEWHERE) return "Outside of a sign-in";
  const user = steps.map(({ user }) => user).find(Boolean);
  return user ?? steps.map(({ event }) => event?.userName).find(Boolean) ?? "A sign-in";
}

/** Returns a short description of the sign-in's state. */
export function summary(steps) {
  const { length } = steps;
  const last = steps.findLast(({ kind }) => kind === "answer");
  const state = !last ? "running" : (last.error ?? last.challenge ?? "signed in");
  return `${state}, ${length} ${length === 1 ? "step" : "steps"}`;
}

/** Formats milliseconds: a short time with one decimal. */
export function number(ms) {
  return ms < 10 ? ms.toFixed(1) : Math.round(ms).toString();
}

/** Returns a file of a fixture, formatted like the JSON files of the repository. */
export function fixture(value) {
  return `${JSON.stringify(value ?? null, null, 2)}\n`;
}
