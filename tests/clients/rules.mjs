/** Tries the rules of the scripts in JavaScript and reports the results. For Node.js and browsers. */

/** Tries rules, which are functions by their sentences. Prints the results, with `name` before each. */
export async function tryAll(name, rules) {
  for (const [sentence, check] of Object.entries(rules)) {
    try {
      await check();
      console.log(`ok ${name}: ${sentence}`);
    } catch (error) {
      process.exitCode = 1;
      console.log(`not ok ${name}: ${sentence}: ${error.message.replaceAll("\n", " ")}`);
    }
  }
}

/** Checks that the call fails with this exception, and with this text if one is given. */
export async function refused(call, exception, message) {
  let reply;
  try {
    reply = await call();
  } catch (error) {
    const found = error.code ?? error.name;
    assert(found === exception, `expected ${exception}, got ${found}: ${error.message}`);
    if (message !== undefined) equal(error.message, message);
    return;
  }
  throw new Error(`expected ${exception}, got an answer with ${Object.keys(reply)}`);
}

export function equal(found, expected) {
  assert(found === expected, `expected \`${expected}\`, got \`${found}\``);
}

export function assert(holds, message) {
  if (!holds) throw new Error(message);
}

/** Checks some of a challenge's parameters. */
export function asks(parameters, expected) {
  for (const [name, value] of Object.entries(expected)) {
    assert(parameters?.[name] === value, `expected ${name}=${value}, got ${name}=${parameters?.[name]}`);
  }
}
