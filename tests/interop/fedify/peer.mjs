// A small fediverse server made with Fedify: one person, who does what the tests ask.
//
//   node peer.mjs <folder> <specification of the first knock>
//                              prints one line of JSON with its addresses, then serves until it is ended
//   GET  /recorded?from=n      what came to it, as JSON lines; waits until there is a line n
//   POST /do {"action": …}     one act of the person; answers with JSON
//
// The folder keeps the person's keys, because servers remember them.

import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import {
  createFederation,
  exportJwk,
  generateCryptoKeyPair,
  importJwk,
  MemoryKvStore,
  signRequest,
} from "@fedify/fedify";
import {
  Accept,
  Activity,
  Announce,
  Create,
  Delete,
  Endpoints,
  Follow,
  Like,
  Note,
  Person,
  PUBLIC_COLLECTION,
  Tombstone,
  Undo,
  Update,
} from "@fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";

const HANDLE = "fenna";
const KEY_KINDS = ["RSASSA-PKCS1-v1_5", "Ed25519"];
const ACCEPT = "application/activity+json";

const PATIENCE = 20_000;

const [folder, firstKnock] = process.argv.slice(2);
const keyFile = path.join(folder, "keys.json");
const notes = new Map();
const recorded = [];
const arrivals = new EventEmitter();

const server = http.createServer((request, response) => {
  answer(request).then(
    (found) => write(response, found),
    (error) => write(response, Response.json({ error: String(error) }, { status: 500 })),
  );
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://localhost:${server.address().port}`;

const federation = createFederation({
  kv: new MemoryKvStore(),
  origin: base,
  allowPrivateAddress: true,
  firstKnock,
});

federation
  .setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
    if (identifier !== HANDLE) return null;
    const keys = await ctx.getActorKeyPairs(identifier);
    return new Person({
      id: ctx.getActorUri(identifier),
      preferredUsername: identifier,
      name: "Fenna van elders",
      inbox: ctx.getInboxUri(identifier),
      endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
      publicKey: keys[0].cryptographicKey,
      assertionMethods: keys.map((pair) => pair.multikey),
    });
  })
  .setKeyPairsDispatcher(async (_ctx, identifier) => (identifier === HANDLE ? await loadKeys() : []));

federation.setObjectDispatcher(Note, "/users/{identifier}/notes/{id}", (_ctx, { id }) => notes.get(id) ?? null);

federation
  .setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .on(Activity, async (ctx, activity) => {
    if (activity instanceof Follow) await accept(ctx, activity);
    record({
      what: "accepted",
      type: activity.constructor.name,
      id: activity.id?.href ?? null,
      actor: activity.actorId?.href ?? null,
      object: activity.objectId?.href ?? null,
      document: await activity.toJsonLd(ctx),
    });
  })
  .onError((_ctx, error) => {
    record({ what: "failed", error: String(error) });
  });

const ctx = federation.createContext(new URL(base), undefined);
const me = ctx.getActorUri(HANDLE);
const loader = await ctx.getDocumentLoader({ identifier: HANDLE });

async function accept(ctx, follow) {
  const follower = await follow.getActor({ documentLoader: loader });
  const answer = new Accept({ id: new URL(`${base}/activities/${randomUUID()}`), actor: me, object: follow });
  await ctx.sendActivity({ identifier: HANDLE }, follower, answer);
}

async function loadKeys() {
  if (!existsSync(keyFile)) await makeKeys();
  const kept = JSON.parse(readFileSync(keyFile, "utf8"));
  return await Promise.all(
    kept.map(async (pair) => ({
      privateKey: await importJwk(pair.privateKey, "private"),
      publicKey: await importJwk(pair.publicKey, "public"),
    })),
  );
}

async function makeKeys() {
  const made = [];
  for (const kind of KEY_KINDS) {
    const pair = await generateCryptoKeyPair(kind);
    made.push({ privateKey: await exportJwk(pair.privateKey), publicKey: await exportJwk(pair.publicKey) });
  }
  writeFileSync(keyFile, JSON.stringify(made));
}

// What the person does. `inbox` sends to that address without looking at the object first.

const ACTIONS = {
  read: async ({ url }) => {
    const found = await ctx.lookupObject(url, { documentLoader: loader });
    return { found: found === null ? null : await found.toJsonLd({ ...ctx, format: "compact" }) };
  },
  get: async ({ url, sign, accept = ACCEPT }) => await fetchRaw(url, sign, accept),
  follow: async ({ actor, inbox }) => await send(await aim(actor, inbox), followOf(actor)),
  unfollow: async ({ actor, inbox }) =>
    await send(await aim(actor, inbox), act(Undo, { object: followOf(actor), tos: [new URL(actor)] })),
  // Without a post that it answers, it begins a thread.
  write: async ({ post, text, inbox, to }) => {
    const target = await aim(post, inbox);
    const note = new Note({
      id: new URL(`${me.href}/notes/${randomUUID()}`),
      attribution: me,
      replyTarget: post ? new URL(post) : null,
      content: text,
      published: Temporal.Now.instant(),
      ...addressed(to, target),
    });
    notes.set(note.id.pathname.split("/").at(-1), note);
    return await send(target, act(Create, { object: note, ...addressed(to, target) }));
  },
  edit: async ({ note, text, inbox }) => {
    const key = new URL(note).pathname.split("/").at(-1);
    const changed = notes.get(key).clone({ content: text, updated: Temporal.Now.instant() });
    notes.set(key, changed);
    return await send(at(inbox), act(Update, { object: changed, tos: [PUBLIC_COLLECTION] }));
  },
  remove: async ({ note, inbox }) => {
    notes.delete(new URL(note).pathname.split("/").at(-1));
    const gone = new Tombstone({ id: new URL(note) });
    return await send(at(inbox), act(Delete, { object: gone, tos: [PUBLIC_COLLECTION] }));
  },
  like: async ({ post, inbox }) => {
    const target = await aim(post, inbox);
    return await send(target, act(Like, { object: new URL(post), tos: [target.id] }));
  },
  unlike: async ({ like, post, inbox }) => {
    const target = await aim(post, inbox);
    const liked = new Like({ id: new URL(like), actor: me, object: new URL(post) });
    return await send(target, act(Undo, { object: liked, tos: [target.id] }));
  },
  boost: async ({ post, inbox }) => {
    const target = await aim(post, inbox);
    return await send(target, act(Announce, { object: new URL(post), ...addressed(undefined, target) }));
  },
};

function act(Kind, values) {
  return new Kind({ id: new URL(`${base}/activities/${randomUUID()}`), actor: me, ...values });
}

function followOf(actor) {
  const id = new URL(`${base}/follows/${encodeURIComponent(actor)}`);
  return new Follow({ id, actor: me, object: new URL(actor) });
}

function addressed(to, target) {
  if (to) return { tos: to.map((uri) => new URL(uri)) };
  return { tos: [PUBLIC_COLLECTION], ccs: [target.id] };
}

function at(inbox) {
  return { id: new URL(inbox), inboxId: new URL(inbox) };
}

/** Who gets what is said about an actor or a post: itself, or its author, read by its own id. */
async function aim(id, inbox) {
  if (inbox) return at(inbox);
  const found = await ctx.lookupObject(id, { documentLoader: loader });
  if (found === null) throw new Error("nothing found there");
  const actor = found.inboxId ? found : await found.getAttribution({ documentLoader: loader });
  return { id: actor.id, inboxId: actor.inboxId };
}

async function send(target, activity) {
  await ctx.sendActivity({ identifier: HANDLE }, target, activity);
  return { id: activity.id.href, object: activity.objectId?.href ?? null };
}

/** One GET, its answer byte for byte; `sign` names one of Fedify's two specifications. */
async function fetchRaw(url, sign, accept) {
  const request = new Request(url, { headers: { accept } });
  const sent = sign ? await signed(request, sign) : request;
  const headers = { ...Object.fromEntries(sent.headers), connection: "close" };
  return await new Promise((resolve, reject) => {
    const asked = http.get(url, { headers, agent: false }, (got) => {
      const chunks = [];
      got.on("data", (chunk) => chunks.push(chunk));
      got.on("end", () =>
        resolve({ status: got.statusCode, headers: got.rawHeaders, body: Buffer.concat(chunks).toString("base64") }),
      );
    });
    asked.on("error", reject);
  });
}

async function signed(request, spec) {
  const [pair] = await ctx.getActorKeyPairs(HANDLE);
  return await signRequest(request, pair.privateKey, pair.keyId, { spec });
}

// HTTP

async function answer(incoming) {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const url = new URL(incoming.url, base);
  if (url.pathname === "/recorded") return await recordedFrom(Number(url.searchParams.get("from") ?? -1));
  if (url.pathname === "/do") return await perform(JSON.parse(body.toString()));
  return await federate(incoming, url, body);
}

function record(line) {
  recorded.push(line);
  arrivals.emit("line");
}

async function recordedFrom(first) {
  const enough = AbortSignal.timeout(PATIENCE);
  while (recorded.length <= first && !enough.aborted) {
    await once(arrivals, "line", { signal: enough }).catch(() => {});
  }
  const lines = recorded.slice(Math.max(first, 0));
  return new Response(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

async function perform({ action, ...values }) {
  try {
    return Response.json({ done: await ACTIONS[action](values) });
  } catch (error) {
    return Response.json({ error: `${error.name}: ${error.message}` });
  }
}

async function federate(incoming, url, body) {
  const headers = new Headers(incoming.headers);
  const hasBody = incoming.method === "POST";
  const request = new Request(url, { method: incoming.method, headers, body: hasBody ? body : undefined });
  const response = await federation.fetch(request, { contextData: undefined });
  record({
    what: "request",
    method: incoming.method,
    path: incoming.url,
    headers: incoming.headers,
    body: body.toString(),
    status: response.status,
  });
  return response;
}

async function write(response, found) {
  response.writeHead(found.status, Object.fromEntries(found.headers));
  response.end(Buffer.from(await found.arrayBuffer()));
}

await loadKeys();
console.log(JSON.stringify({ base, actor: me.href, inbox: ctx.getInboxUri(HANDLE).href }));
