package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryTest {
  private static final String RUNTIME = "onnxruntime";

  @TempDir Path folder;

  @Test
  void locate_copiesOnce_andKeepsWhatIsThere() throws Exception {
    Path first = new NativeLibrary("", folder.toString()).locate(RUNTIME).orElseThrow();
    assertThat(first).startsWith(folder).isNotEmptyFile();
    FileTime longAgo = FileTime.from(Instant.EPOCH);
    Files.setLastModifiedTime(first, longAgo);
    Path second = new NativeLibrary("", folder.toString()).locate(RUNTIME).orElseThrow();
    assertThat(second).isEqualTo(first);
    assertThat(Files.getLastModifiedTime(second)).isEqualTo(longAgo);
  }

  @Test
  void locate_copiesAgain_whenTheCopyIsIncomplete() throws Exception {
    Path library = new NativeLibrary("", folder.toString()).locate(RUNTIME).orElseThrow();
    long whole = Files.size(library);
    Files.writeString(library, "cut off");
    Path part = library.resolveSibling("of-a-dead-process.part");
    Files.writeString(part, "rest");
    new NativeLibrary("", folder.toString()).locate(RUNTIME);
    assertThat(library).hasSize(whole);
    assertThat(part).doesNotExist();
  }

  @Test
  void locate_givesOneWholeCopy_whenManyAskAtOnce() throws Exception {
    NativeLibrary library = new NativeLibrary("", folder.toString());
    Callable<Path> ask = () -> library.locate(RUNTIME).orElseThrow();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Path> copies =
          threads.invokeAll(List.of(ask, ask, ask, ask)).stream()
              .map(Future::resultNow)
              .distinct()
              .toList();
      assertThat(copies).hasSize(1);
      try (Stream<Path> files = Files.list(copies.getFirst().getParent())) {
        assertThat(files.map(file -> file.getFileName().toString()))
            .containsExactlyInAnyOrder(
                copies.getFirst().getFileName().toString(), "extraction.lock");
      }
    }
  }

  @Test
  void locate_isEmpty_whenTheClassPathHasNoSuchLibrary() {
    assertThat(new NativeLibrary("", folder.toString()).locate("no_such_library")).isEmpty();
  }

  @Test
  void load_namesTheProperty_whenItsFolderHasNoLibrary() {
    assertThatIllegalStateException()
        .isThrownBy(() -> new NativeLibrary(folder.toString(), "").load())
        .withMessage("-Donnxruntime.native.path=" + folder + ": no ONNX Runtime library there");
  }
}
