package io.onnxfleet.engine.file;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UnsupportedEncodingException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TextFileTest {
  private static final String MARK = "\uFEFF";

  @TempDir Path folder;

  @Test
  void read_isTheSame_withAndWithoutAMark() throws IOException {
    assertThat(TextFile.read(file("näme: 1\r\n", UTF_8))).isEqualTo("näme: 1\r\n");
    assertThat(TextFile.read(file(MARK + "näme: 1\r\n", UTF_8))).isEqualTo("näme: 1\r\n");
    assertThat(TextFile.lines(file(MARK + "a\r\nb", UTF_8))).containsExactly("a", "b");
    assertThat(TextFile.read(file("", UTF_8))).isEmpty();
    assertThat(TextFile.read(file(MARK, UTF_8))).isEmpty();
  }

  @Test
  void read_takesOneMark_andNoneFurtherBehind() throws IOException {
    assertThat(TextFile.read(file(MARK + "a" + MARK, UTF_8))).isEqualTo("a" + MARK);
  }

  @Test
  void read_namesTheEncoding_whenItIsAnother() throws IOException {
    assertRefused(MARK + "name", UTF_16LE).hasMessage("encoded as UTF-16 (expected UTF-8)");
    assertRefused(MARK + "name", UTF_16BE).hasMessage("encoded as UTF-16 (expected UTF-8)");
    assertRefused("name", UTF_16LE).hasMessage("encoded as UTF-16 (expected UTF-8)");
    assertRefused("name", UTF_16BE).hasMessage("encoded as UTF-16 (expected UTF-8)");
    assertRefused(MARK + "name", Charset.forName("UTF-32LE"))
        .hasMessage("encoded as UTF-32 (expected UTF-8)");
    assertRefused(MARK + "name", Charset.forName("UTF-32BE"))
        .hasMessage("encoded as UTF-32 (expected UTF-8)");
    assertRefused("name: ä", ISO_8859_1).hasMessage("not UTF-8: byte 6 is 0xE4 (expected UTF-8)");
  }

  private AbstractThrowableAssert<?, ?> assertRefused(String text, Charset encoding)
      throws IOException {
    Path file = file(text, encoding);
    return assertThatThrownBy(() -> TextFile.read(file))
        .isInstanceOf(UnsupportedEncodingException.class);
  }

  private Path file(String text, Charset encoding) throws IOException {
    return Files.write(folder.resolve("a.txt"), text.getBytes(encoding));
  }
}
