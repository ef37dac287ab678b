// node embeddings.mjs BASE KEY MODEL TEXT...: calls, and prints what came of it as one JSON object.
import OpenAI from 'openai';

const [base, key, model, ...input] = process.argv.slice(2);
const client = new OpenAI({ baseURL: base, apiKey: key, maxRetries: 0 });

const refused = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return { type: error.constructor.name, status: error.status, code: error.code, message: error.message };
  }
};

const floats = (text) => {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
};

const byDefault = await client.embeddings.create({ model, input });
const asFloat = await client.embeddings.create({ model, input, encoding_format: 'float' });
const asBase64 = await client.embeddings.create({ model, input, encoding_format: 'base64' });
const listed = [];
for await (const each of client.models.list()) {
  listed.push(each.id);
}
const stranger = new OpenAI({ baseURL: base, apiKey: 'fleet_wrong', maxRetries: 0 });

console.log(
  JSON.stringify({
    byDefault: byDefault.data.map((row) => row.embedding),
    asFloat: asFloat.data.map((row) => row.embedding),
    asBase64: asBase64.data.map((row) => floats(row.embedding)),
    usage: byDefault.usage,
    listed,
    retrieved: (await client.models.retrieve(model)).id,
    unknownModel: await refused(() => client.embeddings.create({ model: 'nobody', input })),
    unknownRetrieved: await refused(() => client.models.retrieve('nobody')),
    wrongKey: await refused(() => stranger.embeddings.create({ model, input })),
  }),
);
