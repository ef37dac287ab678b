package io.onnxfleet.gateway.security.credential;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.security.AuditLog;
import io.onnxfleet.gateway.security.quota.QuotaShare;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiKeysTest {

  private static final String FIRST = line("first");
  private static final String SECOND = line("second");

  @TempDir private Path folder;
  private Path file;
  private ApiKeys keys;

  private static String line(String name) {
    return "{\"name\": \"%s\", \"sha256\": \"%s\", \"scopes\": [\"infer\"]}%n"
        .formatted(name, CredentialDigest.of(name).hex());
  }

  @BeforeEach
  void hasTwoKeys() throws IOException {
    file = folder.resolve("keys");
    Files.writeString(file, FIRST + SECOND);
    keys = new ApiKeys(file, "", new QuotaShare(() -> 1), new AuditLog(), () -> 0);
  }

  private boolean knows(String key) {
    return keys.find(CredentialDigest.of(key)) != null;
  }

  private void look(String text) throws IOException {
    Files.writeString(file, text);
    keys.refresh();
  }

  @Test
  void newKey_isKnownAtOnce() throws IOException {
    look(FIRST + SECOND + line("third"));
    assertThat(knows("first")).isTrue();
    assertThat(knows("third")).isTrue();
  }

  @Test
  void keyThatIsTakenOut_ends_whenThatIsSeenTwice() throws IOException {
    look(SECOND);
    assertThat(knows("first")).isTrue();
    keys.refresh();
    assertThat(knows("first")).isFalse();
    assertThat(knows("second")).isTrue();
  }

  /** An editor, or cp, empties a file before it writes it. */
  @Test
  void fileThatIsBeingWritten_takesNoKeyAway() throws IOException {
    look("");
    assertThat(knows("first")).isTrue();
    look(FIRST);
    assertThat(knows("second")).isTrue();
    look(FIRST + SECOND);
    keys.refresh();
    assertThat(knows("first")).isTrue();
    assertThat(knows("second")).isTrue();
  }

  @Test
  void fileThatIsGone_takesItsKeysAway_whenThatIsSeenTwice() throws IOException {
    Files.delete(file);
    keys.refresh();
    assertThat(knows("first")).isTrue();
    keys.refresh();
    assertThat(knows("first")).isFalse();
    look(FIRST + SECOND);
    assertThat(knows("first")).isTrue();
  }
}
