package io.onnxfleet.jobs.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.jobs.MemoryDatabase;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class S3PropertiesTest {
  private static S3Properties bound(String... pairs) {
    Map<String, String> values = new HashMap<>();
    for (String pair : pairs) {
      String[] parts = pair.split("=", 2);
      values.put("s3." + parts[0], parts[1]);
    }
    return MemoryDatabase.properties(values).s3();
  }

  @Test
  void folderIsTheDefault() {
    assertThat(bound().isUsed()).isFalse();
    S3Properties used = bound("bucket=jobs", "prefix=fleet");
    assertThat(used.isUsed()).isTrue();
    assertThat(used.prefix()).isEqualTo("fleet/");
    assertThat(used.isPathStyle()).isFalse();
    assertThat(bound("bucket=jobs", "endpoint=http://minio:9000").isPathStyle()).isTrue();
    assertThat(bound("bucket=jobs", "endpoint=").endpoint()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bucket=a/b | fleet.jobs.s3.bucket: a/b",
        "bucket=b prefix=/a | fleet.jobs.s3.prefix: /a/",
        "bucket=b endpoint=minio:9000 | fleet.jobs.s3.endpoint: minio:9000",
        "bucket=b endpoint=ftp://minio | fleet.jobs.s3.endpoint: ftp://minio",
        "endpoint=http://minio | fleet.jobs.s3.bucket: none",
        "bucket=b access-key-id=a | fleet.jobs.s3.secret-access-key: none",
        "bucket=b secret-access-key=geheim | fleet.jobs.s3.secret-access-key: ***",
        "bucket=b session-token=geheim | fleet.jobs.s3.session-token: ***",
      })
  void whatCannotBe_isSaid_withoutSecrets(String given, String reason) {
    assertThatThrownBy(() -> bound(given.split(" ")))
        .rootCause()
        .hasMessageStartingWith(reason)
        .hasMessageContaining("(expected: ")
        .hasMessageNotContaining("geheim");
  }

  @Test
  void text_hasNoSecrets() {
    S3Properties used =
        bound("bucket=b", "access-key-id=id", "secret-access-key=geheim", "session-token=geheim");
    assertThat(Arrays.asList(used.toString(), used.secretAccessKey()))
        .satisfiesExactly(
            text -> assertThat(text).contains("b").doesNotContain("geheim"),
            secret -> assertThat(secret).isEqualTo("geheim"));
  }
}
