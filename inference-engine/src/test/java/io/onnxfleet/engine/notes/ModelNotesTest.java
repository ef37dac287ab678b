package io.onnxfleet.engine.notes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelNotesTest {
  private static final String CONTENT = "0123456789abcdef".repeat(4);
  private static final String OTHER = "fedcba9876543210".repeat(4);

  @TempDir private Path folder;

  @Test
  void read_givesWhatWasWritten_alsoAfterARestart() {
    ModelNotes notes = ModelNotes.open(folder);
    assertThat(notes.read(CONTENT, "proof 1")).isEmpty();
    notes.write(CONTENT, "proof 1", "rows are apart\nover two lines, \u00e4\n");
    notes.write(CONTENT, "proof 2", "");
    notes.write(OTHER, "proof 1", "else");
    ModelNotes later = ModelNotes.open(folder);
    assertThat(later.read(CONTENT, "proof 1")).contains("rows are apart\nover two lines, \u00e4\n");
    assertThat(later.read(CONTENT, "proof 2")).contains("");
    assertThat(later.list("proof 1")).containsOnlyKeys(CONTENT, OTHER).containsEntry(OTHER, "else");
    later.write(OTHER, "proof 1", "again");
    assertThat(notes.read(OTHER, "proof 1")).contains("again");
    later.remove(OTHER, "proof 1");
    later.remove(OTHER, "proof 1");
    assertThat(notes.read(OTHER, "proof 1")).isEmpty();
    assertThat(notes.list("proof 1")).containsOnlyKeys(CONTENT);
  }

  @Test
  void read_givesNothing_whenANoteIsDamaged() throws IOException {
    ModelNotes notes = ModelNotes.open(folder);
    notes.write(CONTENT, "proof", "rows are apart");
    Path file = files().getFirst();
    byte[] intact = Files.readAllBytes(file);
    for (int length = 0; length < intact.length; length++) {
      Files.write(file, java.util.Arrays.copyOf(intact, length));
      assertThat(notes.read(CONTENT, "proof")).as("%d bytes", length).isEmpty();
      assertThat(notes.list("proof")).isEmpty();
    }
    for (int at = 0; at < intact.length; at++) {
      byte[] damaged = intact.clone();
      damaged[at] ^= 0x15;
      Files.write(file, damaged);
      assertThat(notes.read(CONTENT, "proof")).as("byte %d", at).isEmpty();
    }
    Files.delete(file);
    Files.createDirectory(file);
    assertThat(notes.read(CONTENT, "proof")).isEmpty();
    Files.delete(file);
    notes.write(CONTENT, "proof", "rows are apart");
    assertThat(notes.read(CONTENT, "proof")).contains("rows are apart");
  }

  @Test
  void write_isKeptUntilTheEnd_whenTheFolderIsNoFolder() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    ModelNotes notes = ModelNotes.open(file.resolve("notes"));
    notes.write(CONTENT, "proof", "rows are apart");
    assertThat(notes.read(CONTENT, "proof")).contains("rows are apart");
    assertThat(notes.list("proof")).containsOnlyKeys(CONTENT);
    notes.remove(CONTENT, "proof");
    assertThat(notes.read(CONTENT, "proof")).isEmpty();
  }

  @Test
  void write_isKeptUntilTheEnd_whenTheFolderGoesAway() throws IOException {
    Path gone = folder.resolve("notes");
    ModelNotes notes = ModelNotes.open(gone);
    Files.delete(gone);
    notes.write(CONTENT, "proof", "rows are apart");
    assertThat(notes.read(CONTENT, "proof")).contains("rows are apart");
  }

  @Test
  void write_refusesWhatIsTooLong() {
    ModelNotes notes = ModelNotes.open(folder);
    assertThatThrownBy(() -> notes.write(CONTENT, "proof", "x".repeat(70_000)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("70000 letters (expected: <= 65536)");
    assertThatThrownBy(() -> notes.write(CONTENT, "two\nlines", "x"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void open_dropsOldPartsAndTheOldestNotesBeyondTheBound() throws IOException {
    ModelNotes notes = ModelNotes.open(folder);
    notes.write(CONTENT, "kept", "kept");
    Path stale = Files.createFile(folder.resolve("note1.part"));
    Files.setLastModifiedTime(stale, FileTime.fromMillis(0));
    Path fresh = Files.createFile(folder.resolve("note2.part"));
    for (int note = 0; note < ModelNotes.MOST_NOTES + 10; note++) {
      Path old = Files.createFile(folder.resolve("old" + note + ".note"));
      Files.setLastModifiedTime(old, FileTime.fromMillis(note));
    }
    ModelNotes later = ModelNotes.open(folder);
    assertThat(stale).doesNotExist();
    assertThat(fresh).exists();
    assertThat(files()).hasSize(ModelNotes.MOST_NOTES);
    assertThat(folder.resolve("old10.note")).doesNotExist();
    assertThat(folder.resolve("old11.note")).exists();
    assertThat(later.read(CONTENT, "kept")).contains("kept");
  }

  /** Processes write and read the same notes: each reading is one of what was written. */
  @Test
  void read_isNeverHalfANote_whenProcessesWriteAtOnce() throws Exception {
    List<Process> writers = new ArrayList<>();
    for (String letter : List.of("a", "b")) {
      writers.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Writer.class.getName(),
                  folder.toString(),
                  letter)
              .redirectErrorStream(true)
              .redirectOutput(new File(folder.toFile(), letter + ".log"))
              .start());
    }
    ModelNotes notes = ModelNotes.open(folder);
    long read = 0;
    while (writers.stream().anyMatch(Process::isAlive)) {
      for (String text : notes.list("shared").values()) {
        assertThat(text).matches("a{1000}|b{5000}");
        read++;
      }
    }
    for (Process writer : writers) {
      assertThat(writer.waitFor()).isZero();
    }
    assertThat(read).isPositive();
    assertThat(notes.read(CONTENT, "shared").orElseThrow()).matches("a{1000}|b{5000}");
    try (Stream<Path> entries = Files.list(folder)) {
      assertThat(entries.filter(file -> file.toString().endsWith(".part"))).isEmpty();
    }
  }

  /** Writes one note over and over. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] arguments) {
      ModelNotes notes = ModelNotes.open(Path.of(arguments[0]));
      String text = arguments[1].repeat(arguments[1].equals("a") ? 1000 : 5000);
      for (int times = 0; times < 1000; times++) {
        notes.write(CONTENT, "shared", text);
      }
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(file -> file.toString().endsWith(".note")).toList();
    }
  }
}
