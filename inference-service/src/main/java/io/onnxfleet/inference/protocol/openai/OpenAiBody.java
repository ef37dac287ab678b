package io.onnxfleet.inference.protocol.openai;

import java.io.OutputStream;

/** What an answer's body can be; each writes itself, in one pass. */
sealed interface OpenAiBody permits EmbeddingsResponse, ModelList, ModelList.Model {
  /** Writes JSON; neither flushes nor closes the stream. */
  void writeTo(OutputStream target);
}
