// Reads one call a line ({token, path: [names or [name, argument]], arguments}) and tells what masto.js got.
import { createInterface } from "node:readline";
import { createRestAPIClient } from "masto";

const url = process.argv[2];

async function act({ token, path, given }) {
  let at = createRestAPIClient({ url, accessToken: token });
  for (const step of path.slice(0, -1)) {
    at = Array.isArray(step) ? at[step[0]](step[1]) : at[step];
  }
  if (given.some((one) => one && one.file !== undefined)) {
    given = given.map(({ file, ...rest }) => ({ file: new Blob([Buffer.from(file, "base64")]), ...rest }));
  }
  return await at[path.at(-1)](...given);
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify({ done: (await act(JSON.parse(line))) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: `${error.statusCode ?? ""} ${error.message}` }));
  }
}
