package io.onnxfleet.testing.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.testing.model.StoredTensor.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredTensorTest {

  @TempDir private Path folder;

  private Path file(Protobuf message) throws IOException {
    return Files.write(folder.resolve("input_0.pb"), message.toByteArray());
  }

  private static Protobuf tensor(int type, long... dims) {
    Protobuf tensor = new Protobuf();
    for (long dim : dims) {
      tensor.number(1, dim);
    }
    return tensor.number(2, type);
  }

  private static byte[] floats(float... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  @Test
  void tensor_isRead_fromRawBytes_fromItsTypesField_andFromTexts() throws IOException {
    StoredTensor raw = StoredTensor.read(file(tensor(1, 1, 2).bytes(9, floats(1, -2))));
    assertThat(raw.declared()).isEqualTo("FP32[1, 2]");
    assertThat(raw.elements()).isEqualTo(List.of(1.0, -2.0));
    assertThat(StoredTensor.read(file(tensor(1, 2).bytes(4, floats(3, 4)))).elements())
        .isEqualTo(List.of(3.0, 4.0));
    assertThat(StoredTensor.read(file(tensor(2, 2).number(5, 200).number(5, 1))).elements())
        .isEqualTo(List.of(200L, 1L));
    assertThat(StoredTensor.read(file(tensor(8, 2).text(6, "a").text(6, "Grüße"))).elements())
        .isEqualTo(List.of("a", "Grüße"));
  }

  @Test
  void sequence_isOneTensor_withAnAxisMore() throws IOException {
    Protobuf sequence =
        new Protobuf()
            .message(3, tensor(7, 2).number(7, 1).number(7, 2))
            .message(3, tensor(7, 2).number(7, 3).number(7, 4));
    StoredTensor read = StoredTensor.read(file(sequence), Kind.SEQUENCE);
    assertThat(read.declared()).isEqualTo("INT64[2, 2]");
    assertThat(read.elements()).isEqualTo(List.of(1L, 2L, 3L, 4L));

    Protobuf mixed =
        new Protobuf().message(3, tensor(7, 1).number(7, 1)).message(3, tensor(6, 1).number(5, 1));
    assertThatThrownBy(() -> StoredTensor.read(file(mixed), Kind.SEQUENCE))
        .hasMessage("INT32[1] (expected: INT64[1])");
  }

  @Test
  void optional_isWhatItHolds_orNothing() throws IOException {
    Protobuf tensor = tensor(7, 1).number(7, 5);
    assertThat(StoredTensor.read(file(new Protobuf().message(3, tensor)), Kind.OPTIONAL).elements())
        .isEqualTo(List.of(5L));
    assertThat(
            StoredTensor.read(
                    file(new Protobuf().message(5, new Protobuf().message(3, tensor))),
                    Kind.OPTIONAL)
                .declared())
        .isEqualTo("INT64[1, 1]");
    assertThat(StoredTensor.read(file(new Protobuf().text(1, "x")), Kind.OPTIONAL).declared())
        .isEqualTo("FP32[0]");
  }

  @Test
  void whatIsNoTensor_isRefused() {
    assertThatThrownBy(() -> StoredTensor.read(file(tensor(17, 1))))
        .isInstanceOf(IOException.class)
        .hasMessage("element type: 17 (expected: a tensor's)");
    assertThatThrownBy(() -> StoredTensor.read(file(tensor(1, 3).bytes(9, floats(1, 2)))))
        .isInstanceOf(IOException.class)
        .hasMessage("FP32[3]: 8 bytes (expected: 12)");
  }

  @Test
  void json_carriesWhatIsFinite_andNotHalf() {
    assertThat(stored(Datatype.FP32, floats(1)).isJson()).isTrue();
    assertThat(stored(Datatype.FP32, floats(Float.NaN)).isJson()).isFalse();
    assertThat(stored(Datatype.FP16, new byte[2]).isJson()).isFalse();
    assertThat(stored(Datatype.FP16, new byte[2]).isReal()).isTrue();
    assertThat(stored(Datatype.INT32, new byte[4]).isReal()).isFalse();
  }

  private static StoredTensor stored(Datatype type, byte[] data) {
    return new StoredTensor(type, List.of(1L), com.google.protobuf.ByteString.copyFrom(data));
  }
}
