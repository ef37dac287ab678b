package io.onnxfleet.inference.protocol.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentCodingTest {
  private static final byte[] TEXT = "text ".repeat(1000).getBytes(StandardCharsets.UTF_8);

  @ParameterizedTest
  @CsvSource({
    "gzip, GZIP",
    "GZIP, GZIP",
    "x-gzip, GZIP",
    "deflate, DEFLATE",
    "identity, IDENTITY",
    "'', IDENTITY",
    "' gzip ', GZIP"
  })
  void ofRequest_readsTheHeader(String header, ContentCoding coding) {
    assertThat(ContentCoding.ofRequest(header)).isEqualTo(coding);
  }

  @ParameterizedTest
  @ValueSource(strings = {"br", "zstd", "gzip, deflate"})
  void ofRequest_refusesWhatIsNotServed(String header) {
    assertThatThrownBy(() -> ContentCoding.ofRequest(header))
        .isInstanceOf(UnsupportedCodingException.class)
        .hasMessageContaining(header);
  }

  @ParameterizedTest
  @CsvSource({
    "gzip, GZIP", "'deflate, gzip', GZIP", "deflate, DEFLATE", "'gzip;q=0, deflate', DEFLATE",
    "gzip;q=0.0, IDENTITY", "'br;q=1.0, gzip;q=0.5', GZIP", "identity, IDENTITY", "'', IDENTITY",
    "*, IDENTITY"
  })
  void ofResponse_takesWhatTheClientAccepts(String header, ContentCoding coding) {
    assertThat(ContentCoding.ofResponse(header)).isEqualTo(coding);
  }

  @ParameterizedTest
  @EnumSource
  void compress_isUndoneByDecompress(ContentCoding coding) throws IOException {
    ByteArrayOutputStream coded = new ByteArrayOutputStream();
    try (OutputStream stream = coding.compress(coded)) {
      stream.write(TEXT);
    }
    assertThat(decompressed(coding, coded.toByteArray())).isEqualTo(TEXT);
  }

  @Test
  void decompress_readsBareDeflateDataToo() throws IOException {
    ByteArrayOutputStream coded = new ByteArrayOutputStream();
    try (OutputStream stream =
        new DeflaterOutputStream(coded, new Deflater(Deflater.BEST_SPEED, true))) {
      stream.write(TEXT);
    }
    assertThat(decompressed(ContentCoding.DEFLATE, coded.toByteArray())).isEqualTo(TEXT);
  }

  private static byte[] decompressed(ContentCoding coding, byte[] coded) throws IOException {
    try (InputStream stream = coding.decompress(new ByteArrayInputStream(coded))) {
      return stream.readAllBytes();
    }
  }
}
