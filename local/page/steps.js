/** What the steps of a sign-in are called. No DOM here. */

/** The group of what belongs to no sign-in. */
export const ELSEWHERE = "elsewhere";

/** Who signs in, as far as that is known. */
export function title(steps) {
  if (steps[0].signIn === ELSEWHERE) return "Outside of a sign-in";
  const user = steps.map(({ user }) => user).find(Boolean);
  return user ?? steps.map(({ event }) => event?.userName).find(Boolean) ?? "A sign-in";
}

/** How far it is, in a few words. */
export function summary(steps) {
  const { length } = steps;
  const last = steps.findLast(({ kind }) => kind === "answer");
  const state = !last ? "running" : (last.error ?? last.challenge ?? "signed in");
  return `${state}, ${length} ${length === 1 ? "step" : "steps"}`;
}

/** Milliseconds, short ones with a decimal. */
export function number(ms) {
  return ms < 10 ? ms.toFixed(1) : Math.round(ms).toString();
}

/** A file of a fixture: JSON as the repository's are written. */
export function fixture(value) {
  return `${JSON.stringify(value ?? null, null, 2)}\n`;
}
