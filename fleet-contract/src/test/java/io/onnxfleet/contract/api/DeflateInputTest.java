package io.onnxfleet.contract.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeflateInputTest {
  private static final byte[] TEXT =
      "{\"model\":\"a\"}".repeat(100).getBytes(StandardCharsets.UTF_8);

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void open_readsTheZlibFormat_andBareData(boolean isBare) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    Deflater deflater = new Deflater(Deflater.BEST_SPEED, isBare);
    try (DeflaterOutputStream target = new DeflaterOutputStream(body, deflater)) {
      target.write(TEXT);
    }
    deflater.end();
    try (InputStream read = DeflateInput.open(new ByteArrayInputStream(body.toByteArray()), 16)) {
      assertThat(read.readAllBytes()).isEqualTo(TEXT);
    }
  }

  @Test
  void read_fails_whereTheBodyEndsEarly() throws IOException {
    try (InputStream read = DeflateInput.open(new ByteArrayInputStream(new byte[1]), 16)) {
      assertThatThrownBy(read::readAllBytes).isInstanceOf(EOFException.class);
    }
  }
}
