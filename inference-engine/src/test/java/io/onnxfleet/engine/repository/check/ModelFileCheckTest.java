package io.onnxfleet.engine.repository.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFileCheckTest {
  private static final int FLOAT = 1;

  @TempDir private Path root;

  private Path folder = Path.of("m");
  private Path version = Path.of("m/1");

  @BeforeEach
  void makesFolders() throws IOException {
    folder = root.resolve("m");
    version = Files.createDirectories(folder.resolve("1"));
  }

  @Test
  void check_letsPass_whatIsWhole() throws IOException {
    assertThatCode(() -> check(TinyModel.times(2).writeTo(version))).doesNotThrowAnyException();
    assertThatCode(() -> check(TinyModel.loop().writeTo(version))).doesNotThrowAnyException();
    Files.write(version.resolve("weights.bin"), new byte[16]);
    assertThatCode(() -> check(external("weights.bin", 4, "4", "12", 3)))
        .doesNotThrowAnyException();
  }

  @Test
  void check_namesWhatElseAFileIs() throws IOException {
    assertRefused("", "model.onnx is an empty file (expected an ONNX model)");
    assertRefused("version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS");
    assertRefused("<!DOCTYPE html><html>", "is a page of HTML");
    assertRefused("PK\u0003\u0004....", "is a zip archive");
    assertRefused("just a text", "is no ONNX model");
  }

  @Test
  void check_refuses_everyTruncation() throws IOException {
    Path file = TinyModel.times(2).writeTo(version);
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      // The model's fields after the graph are its versions of operators, which the runtime
      // demands.
      if (length < 70) {
        assertThatThrownBy(() -> check(file)).isInstanceOf(InferenceException.class);
      }
    }
  }

  @Test
  void check_refuses_dimensionsThatMakeNoSize() throws IOException {
    assertRefused(tensor(FLOAT, new byte[4], -1), "dimensions [-1] (expected: >= 0)");
    assertRefused(tensor(FLOAT, new byte[4], 1L << 40), "4 bytes of data (expected 4398046511104");
    assertRefused(tensor(FLOAT, new byte[4], 1L << 40, 1L << 40), "a product below 2^63");
    assertRefused(tensor(99, new byte[4], 1), "element type 99 (expected one of ONNX's)");
    long[] many = new long[TensorCheck.MAX_RANK + 1];
    Arrays.fill(many, 1);
    assertRefused(tensor(FLOAT, new byte[4], many), "more than 64 dimensions");
  }

  @Test
  void check_refuses_externalDataElsewhere() throws IOException {
    Path outside = Files.write(root.resolve("secret.bin"), new byte[4]);
    assertRefused(external("../../secret.bin", 1), "expected no '..'");
    assertRefused(external(outside.toString(), 1), "expected a relative path");
    assertRefused(external("missing.bin", 1), "expected a file there");
    assertRefused(external("nul\u0000.bin", 1), "expected a readable file");
    Files.createSymbolicLink(version.resolve("link.bin"), outside);
    assertRefused(external("link.bin", 1), "leads out of the model's folder");
    Files.createDirectory(version.resolve("folder.bin"));
    assertRefused(external("folder.bin", 1), "expected a file there");
  }

  @Test
  void check_refuses_externalDataThatAreNotThere() throws IOException {
    Files.write(version.resolve("weights.bin"), new byte[16]);
    assertRefused(external("weights.bin", 4, "1", "16", 4), "expected: within its 16 bytes");
    assertRefused(external("weights.bin", 4, "-4", "16", 4), "offset '-4'");
    assertRefused(external("weights.bin", 4, "0", "8", 4), "length 8 of external data");
    assertRefused(external("weights.bin", 1 << 30, "0", "", 1 << 30), "within its 16 bytes");
  }

  @Test
  void check_refuses_operatorsOfForeignDomains() throws IOException {
    Message node = new Message().text(1, "x").text(2, "y").text(4, "Evil").text(7, "my.ops");
    assertRefused(model(new Message().message(1, node)), "operator 'Evil' of the domain 'my.ops'");
  }

  @Test
  void check_hidesWhatALogWouldActOn() throws IOException {
    Message node = new Message().text(4, "\u001b[2Jx\n").text(7, "evil\nline");
    assertThatThrownBy(() -> check(model(new Message().message(1, node))))
        .hasMessageContaining("'?[2Jx?' of the domain 'evil?line'");
  }

  private void check(Path file) {
    ModelFileCheck.check(file, folder);
  }

  private void assertRefused(String content, String reason) throws IOException {
    assertRefused(
        Files.write(version.resolve("model.onnx"), content.getBytes(StandardCharsets.ISO_8859_1)),
        reason);
  }

  private void assertRefused(Path file, String reason) {
    assertThatThrownBy(() -> check(file))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining(reason)
        .extracting(failure -> ((InferenceException) failure).code())
        .isEqualTo(ErrorCode.MODEL_LOAD_FAILED);
  }

  private Path tensor(int type, byte[] data, long... dims) throws IOException {
    Message tensor = new Message();
    for (long dim : dims) {
      tensor.number(1, dim);
    }
    return model(new Message().message(5, tensor.number(2, type).text(8, "w").bytes(9, data)));
  }

  private Path external(String location, long elements) throws IOException {
    return external(location, elements, "", "", elements);
  }

  private Path external(String location, long elements, String offset, String length, long dim)
      throws IOException {
    assertThat(elements).isPositive();
    Message tensor =
        new Message()
            .number(1, dim)
            .number(2, FLOAT)
            .text(8, "w")
            .message(13, entry("location", location))
            .message(13, entry("offset", offset))
            .message(13, entry("length", length))
            .number(14, 1);
    return model(new Message().message(5, tensor));
  }

  private static Message entry(String key, String value) {
    return new Message().text(1, key).text(2, value);
  }

  private Path model(Message graph) throws IOException {
    byte[] model =
        new Message()
            .number(1, 8)
            .message(7, graph)
            .message(8, new Message().text(1, "").number(2, 19))
            .toByteArray();
    return Files.write(version.resolve("model.onnx"), model);
  }

  /** A protobuf message put together field by field. */
  private static final class Message {
    private final ByteString.Output bytes = ByteString.newOutput();
    private final CodedOutputStream fields = CodedOutputStream.newInstance(bytes);

    Message number(int field, long value) throws IOException {
      fields.writeInt64(field, value);
      return this;
    }

    Message text(int field, String value) {
      return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Message message(int field, Message value) {
      return bytes(field, value.toByteArray());
    }

    Message bytes(int field, byte[] value) {
      try {
        fields.writeByteArray(field, value);
        return this;
      } catch (IOException impossible) {
        throw new AssertionError(impossible);
      }
    }

    byte[] toByteArray() {
      try {
        fields.flush();
        return bytes.toByteString().toByteArray();
      } catch (IOException impossible) {
        throw new AssertionError(impossible);
      }
    }
  }
}
