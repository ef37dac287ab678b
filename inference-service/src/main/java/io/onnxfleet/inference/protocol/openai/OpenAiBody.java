package io.onnxfleet.inference.protocol.openai;

import java.io.OutputStream;

/** What an answer about models can be; each writes itself, in one pass. */
sealed interface OpenAiBody permits ModelList, ModelList.Model {
  /** Writes JSON; neither flushes nor closes the stream. */
  void writeTo(OutputStream target);
}
