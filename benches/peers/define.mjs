// The define function of AWS's documentation: the password, then two challenges, then tokens.
export const handler = async (event) => {
  const { session } = event.request;
  const passed = session.at(-1)?.challengeResult === true;
  const next = ["PASSWORD_VERIFIER", "CUSTOM_CHALLENGE", "CUSTOM_CHALLENGE"][session.length - 1];
  event.response = {
    challengeName: passed ? (next ?? null) : null,
    issueTokens: passed && session.length === 4,
    failAuthentication: !passed,
  };
  return event;
};
