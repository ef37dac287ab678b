package io.onnxfleet.inference.protocol.openai.rerank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class RerankRequestReaderTest {

  private static RerankRequest read(String documents) throws IOException {
    return RerankRequestReader.read(
        new ByteArrayInputStream(
            ("{\"query\":\"q\",\"documents\":[" + documents + "]}")
                .getBytes(StandardCharsets.UTF_8)),
        10_000);
  }

  /** One with so many other fields. */
  private static String document(int others) {
    StringBuilder document = new StringBuilder("{\"text\":\"t\"");
    for (int field = 0; field < others; field++) {
      document.append(",\"n\":1");
    }
    return document.append('}').toString();
  }

  @Test
  void fields_mayBeMany_butNotInAllDocumentsTogether() throws IOException {
    String large = document((RerankRequestReader.MOST_FIELDS_IN_ALL >> 1) - 1);
    assertThat(read(large + "," + large).documents()).containsExactly("t", "t");
    assertThatThrownBy(() -> read(large + "," + large + "," + document(0)))
        .isInstanceOf(InferenceException.class)
        .hasMessageStartingWith("documents: more than 131072 fields in all")
        .extracting(failure -> ((InferenceException) failure).code())
        .isEqualTo(ErrorCode.REQUEST_TOO_LARGE);
  }
}
