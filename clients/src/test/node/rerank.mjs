// node rerank.mjs BASE KEY MODEL QUERY DOCUMENT...: Cohere's client, both versions of its interface; prints one JSON object.
import { CohereClient } from 'cohere-ai';

const [baseUrl, token, model, query, ...documents] = process.argv.slice(2);
const options = { maxRetries: 0 };
const client = new CohereClient({ baseUrl, token });

const refused = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return { type: error.constructor.name, status: error.statusCode, message: error.body?.message ?? error.message };
  }
};

console.log(
  JSON.stringify({
    first: await client.rerank({ model, query, documents, topN: 1, returnDocuments: true }, options),
    objects: await client.rerank({ model, query, documents: documents.map((text) => ({ text })) }, options),
    second: await client.v2.rerank({ model, query, documents, topN: 2 }, options),
    unknownModel: await refused(() => client.v2.rerank({ model: 'nobody', query, documents }, options)),
    noDocuments: await refused(() => client.v2.rerank({ model, query, documents: [] }, options)),
  }),
);
