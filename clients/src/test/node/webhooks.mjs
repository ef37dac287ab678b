// node webhooks.mjs HEADERS BODY SECRET OTHER_SECRET: unwraps a webhook, and prints what came of it as one JSON object.
import OpenAI from 'openai';

const [headers, body, secret, otherSecret] = process.argv.slice(2);
const client = new OpenAI({ apiKey: 'none', webhookSecret: secret });
const event = await client.webhooks.unwrap(body, JSON.parse(headers));
let refused = null;
try {
  await client.webhooks.unwrap(body, JSON.parse(headers), otherSecret);
} catch (error) {
  refused = error.constructor.name;
}
console.log(JSON.stringify({ event, refused }));
