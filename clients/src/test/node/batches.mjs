// node batches.mjs BASE KEY OTHER_KEY MODEL LINES: files and batches, and prints what came of them as one JSON object.
import OpenAI, { toFile } from 'openai';

const [base, key, otherKey, model, lines] = process.argv.slice(2);
const client = new OpenAI({ baseURL: base, apiKey: key, maxRetries: 0 });
const other = new OpenAI({ baseURL: base, apiKey: otherKey, maxRetries: 0 });

const refused = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return { type: error.constructor.name, status: error.status, code: error.code, message: error.message };
  }
};

// Every tenth line is for a model that there is not.
const input = Array.from({ length: Number(lines) }, (_, index) =>
  JSON.stringify({
    custom_id: `n${index}`,
    method: 'POST',
    url: '/v1/embeddings',
    body: { model: index % 10 === 9 ? 'nobody' : model, input: `text ${index}`, encoding_format: 'float' },
  }),
).join('\n');
const upload = async () =>
  client.files.create({ file: await toFile(Buffer.from(input), 'texts.jsonl'), purpose: 'batch' });
const create = (file) =>
  client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/embeddings',
    completion_window: '24h',
    metadata: { team: 'a' },
  });
const ended = async (id) => {
  for (;;) {
    const batch = await client.batches.retrieve(id);
    if (['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) {
      return batch;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
const content = async (id) =>
  id ? (await (await client.files.content(id)).text()).trim().split('\n').map((line) => JSON.parse(line)) : [];

const file = await upload();
const created = await create(file);
const done = await ended(created.id);
const second = await create(file);
const cancelling = await client.batches.cancel(second.id);
const cancelled = await ended(second.id);
const third = await create(file);
await ended(third.id);
const listed = [];
for await (const batch of client.batches.list({ limit: 2 })) {
  listed.push(batch.id);
}
const files = [];
for await (const each of client.files.list({ purpose: 'batch_output', limit: 2 })) {
  files.push(each.filename);
}
const direct = await client.embeddings.create({ model, input: 'text 0', encoding_format: 'float' });

console.log(
  JSON.stringify({
    file,
    created,
    done,
    output: await content(done.output_file_id),
    errors: await content(done.error_file_id),
    cancelling: cancelling.status,
    cancelled,
    cancelledLines: (await content(cancelled.output_file_id)).length + (await content(cancelled.error_file_id)).length,
    batches: [third.id, second.id, created.id],
    listed,
    files,
    direct: direct.data[0].embedding,
    retrieved: await client.files.retrieve(file.id),
    otherFile: await refused(() => other.files.retrieve(file.id)),
    otherBatch: await refused(() => other.batches.retrieve(created.id)),
    otherListed: (await other.batches.list()).data.length,
    wrongInput: await refused(() => create({ id: 'file-nothing' })),
    deleted: await client.files.delete(file.id),
    gone: await refused(() => client.files.retrieve(file.id)),
  }),
);
