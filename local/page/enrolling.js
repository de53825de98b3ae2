/** Sets the answers to security questions: sends the reader's input to the API and shows the replies. */

import { UnreachableError } from "./cognito.js";
import { Enrolment, ProblemError, askForLink } from "./enrolment.js";
import * as form from "./enrolment-view.js";
import * as view from "./view.js";

/** The texts at the field of an answer that the API rejects, by problem. */
const REFUSED = {
  "answer-from-question": "answerFromQuestion",
  "answer-known-to-others": "answerKnown",
  "answer-refused": "answerRefused",
  "answer-too-common": "answerTooCommon",
  "answer-too-long": "answerTooLong",
  "answer-too-short": "answerTooShort",
  "answer-twice": "answerTwice",
};
/** The texts about a link that cannot be used, by problem. */
const UNUSABLE = {
  "link-expired": "linkExpired",
  "link-invalid": "linkInvalid",
  "link-used": "linkUsed",
  "user-gone": "userGone",
};
/** The problems that another sign-in solves. API Gateway returns `401` for an expired token. */
const SIGN_IN_AGAIN = ["401", "client-not-listed", "sign-in-too-old", "token-missing", "token-not-access"];

let texts = {};
let language = "en";
/** The address of the API, or `null`. */
let api = null;
/** The shown questions. */
let enrolment = null;
/** The limits of the API for the answers. */
let limits = {};
/** The access token of the finished sign-in. */
let accessToken = null;
/** Whether the next sign-in is for the questions. */
let resumes = false;
/** Starts a sign-in. */
let start = () => {};

/** Prepares the forms. `startAgain` starts a sign-in. */
export function begin(catalogue, tag, startAgain) {
  [texts, language, start] = [catalogue, tag, startAgain];
  const openAsk = () => form.showAsk(view.userName());
  form.begin(texts, { openAsk, ask, openQuestions, save, signInAgain });
}

/** Sets the address of the API, or `null`. */
export function offer(address) {
  api = address ?? null;
  form.offer(api !== null);
}

/** Handles a finished sign-in. Shows the questions if the sign-in was for them. */
export async function signedIn(token) {
  accessToken = token;
  const wanted = resumes;
  resumes = false;
  if (wanted && api !== null) await openQuestions();
}

/** Forgets the tokens of the last sign-in, because a new one starts. */
export function forget() {
  [accessToken, enrolment] = [null, null];
}

/** Shows the questions of the user that received the link with `token`. */
export async function openLink(token) {
  if (api === null) return form.showOutcome({ heading: texts.linkUnusable, text: texts.enrolmentMissing });
  await open(Enrolment.invited(api, token));
}

async function openQuestions() {
  await open(Enrolment.signedIn(api, accessToken));
}

async function open(wanted) {
  enrolment = wanted;
  await attempt(async () => {
    limits = await wanted.list(language);
    if (enrolment === wanted) form.showQuestions(limits);
  });
}

async function ask(username) {
  if (!view.demand("ask-link-username", username, texts.usernameMissing)) return;
  await attempt(async () => {
    await askForLink(api, username, language);
    form.showAsked();
  });
}

async function save(answers) {
  if (answers.length < limits.fewest) return form.demandMore(texts.tooFewQuestions(limits.fewest));
  const empty = answers.find(({ answer }) => answer.trim() === "");
  if (empty) return form.refuse(empty.question, texts.answerMissing);
  await attempt(async () => {
    await enrolment.set(answers, language);
    resumes = false;
    form.showOutcome({ heading: texts.answersSaved, text: texts.answersSavedText });
  });
}

function signInAgain() {
  start();
}

/** Runs one call and shows the problem if the API rejects it. */
function attempt(call) {
  return view.whileBusy(call, fail);
}

function fail(error) {
  if (error instanceof UnreachableError) return view.alarm(texts.unreachable, error.message);
  if (!(error instanceof ProblemError)) return view.alarm(texts.failed, error.message);
  const { problem, question, message } = error;
  const reason = REFUSED[problem];
  if (reason) {
    const said = typeof texts[reason] === "function" ? texts[reason](limitOf(problem)) : texts[reason];
    if (form.refuse(question, said)) return;
  }
  if (SIGN_IN_AGAIN.includes(problem)) {
    resumes = true;
    return form.showOutcome({ heading: texts.signInAgain, text: texts.signInTooOld });
  }
  const unusable = UNUSABLE[problem];
  if (unusable) {
    const heading = problem === "user-gone" ? texts.notPossible : texts.linkUnusable;
    return form.showOutcome({ heading, text: texts[unusable], ask: problem === "link-expired" });
  }
  if (problem === "too-few-questions") return form.demandMore(texts.tooFewQuestions(limits.fewest));
  if (problem === "links-not-mailed") return view.alarm(texts.linksNotMailed);
  if (problem === "429") return view.alarm(texts.throttled);
  if (error.status >= 500) return view.alarm(texts.enrolmentUnavailable);
  view.alarm(texts.answersRefused, message);
}

function limitOf(problem) {
  return problem === "answer-too-long" ? limits.longest : limits.shortest;
}
