package io.onnxfleet.optimizer.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.optimizer.hub.HubException.Reason;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What its callers' tests do not reach. */
class HubDownloadTest {
  private static final String FILE = "onnx/model.onnx";

  @TempDir private Path folder;

  @Test
  void transfer_thatStalls_isBroken_andWhatCameIsKept() throws Exception {
    byte[] content = content(40_000);
    try (HubServer hub = new HubServer().file(FILE, content).stalling(FILE);
        HubConnection connection =
            new HubConnection(URI.create(hub.address()), null, Duration.ofMillis(500))) {
      HubModel model = new HubClient(connection).model(HubReference.parse("hf://" + HubServer.ID));
      assertThatExceptionOfType(HubException.class)
          .isThrownBy(() -> download(connection, model, 1 << 20).fetch(FILE, folder))
          .withMessageContaining("broke off 5 times")
          .withMessageContaining("nothing came for")
          .extracting(HubException::reason)
          .isEqualTo(Reason.UNAVAILABLE);
      assertThat(Files.size(folder.resolve(FILE + ".part"))).isBetween(1L, 39_999L);
    }
  }

  @Test
  void file_thatIsTooLarge_isRefused() throws Exception {
    try (HubServer hub = new HubServer().file(FILE, content(5000)).file("small", content(2000));
        HubConnection connection =
            new HubConnection(URI.create(hub.address()), null, Duration.ofSeconds(60))) {
      HubModel model = new HubClient(connection).model(HubReference.parse("hf://" + HubServer.ID));
      for (String file : List.of(FILE, "small")) {
        assertThatExceptionOfType(HubException.class)
            .isThrownBy(() -> download(connection, model, 1999).fetch(file, folder))
            .withMessageContaining("(expected: <= 1999, --max-bytes)");
      }
    }
  }

  @Test
  void progress_isTold() throws Exception {
    List<Long> bytes = new ArrayList<>();
    try (HubServer hub = new HubServer().file(FILE, content(5000));
        HubConnection connection =
            new HubConnection(URI.create(hub.address()), null, Duration.ofSeconds(60))) {
      HubModel model = new HubClient(connection).model(HubReference.parse("hf://" + HubServer.ID));
      new HubDownload(
              connection,
              model,
              1 << 20,
              (file, done, of) -> {
                assertThat(of).isEqualTo(5000);
                bytes.add(done);
              })
          .fetch(FILE, folder);
    }
    assertThat(bytes).isSorted().endsWith(5000L);
  }

  private static HubDownload download(HubConnection connection, HubModel model, long maxBytes) {
    return new HubDownload(connection, model, maxBytes, (_, _, _) -> {});
  }

  private static byte[] content(int bytes) {
    byte[] content = new byte[bytes];
    new Random(1).nextBytes(content);
    return content;
  }
}
