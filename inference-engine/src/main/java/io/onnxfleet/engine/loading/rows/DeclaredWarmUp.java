package io.onnxfleet.engine.loading.rows;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.TensorConfig;
import io.onnxfleet.engine.repository.config.WarmupConfig;
import io.onnxfleet.engine.repository.config.WarmupConfig.Data;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Runs the requests of a configuration's {@code model_warmup} on a session. Unlike made-up inputs
 * they are the operator's word: one that fails keeps the model from serving.
 */
public final class DeclaredWarmUp {
  /** Triton's folder of warm-up data, beside the versions. */
  static final String DATA_FOLDER = "warmup";

  private static final long SEED = 42;

  private final ModelSession session;
  private final ModelConfig config;
  private final Path modelFolder;
  private final BufferPool pool;

  public DeclaredWarmUp(
      ModelSession session, ModelConfig config, Path modelFolder, BufferPool pool) {
    this.session = session;
    this.config = config;
    this.modelFolder = modelFolder;
    this.pool = pool;
  }

  public void run() {
    for (WarmupConfig warmup : config.warmups()) {
      try {
        for (int run = 0; run < warmup.count(); run++) {
          run(warmup);
        }
      } catch (InferenceException failure) {
        throw new InferenceException(
            ErrorCode.MODEL_LOAD_FAILED,
            "model_warmup '%s': %s".formatted(warmup.name(), failure.getMessage()),
            failure);
      }
    }
  }

  private void run(WarmupConfig warmup) {
    List<NamedTensor> inputs = new ArrayList<>(warmup.inputs().size());
    try {
      for (WarmupConfig.Input input : warmup.inputs()) {
        inputs.add(new NamedTensor(input.name(), tensor(input, warmup.batchSize())));
      }
      List<String> outputs = config.outputs().stream().map(TensorConfig::name).toList();
      session.run(inputs, outputs).forEach(Tensor::close);
    } finally {
      inputs.forEach(input -> input.tensor().close());
    }
  }

  private Tensor tensor(WarmupConfig.Input input, int batchSize) {
    int rows = config.isBatched() ? batchSize : 1;
    Shape dims = modelDims(input);
    Shape shape = config.isBatched() ? dims.prepend(rows) : dims;
    byte[] row = row(input, dims);
    Tensor tensor = Tensor.ofByteSize(pool, input.dataType(), shape, (long) rows * row.length);
    ByteBuffer data = tensor.data();
    for (int index = 0; index < rows; index++) {
      data.put(row);
    }
    return tensor;
  }

  /** What the model sees, where a reshape stands between it and requests. */
  Shape modelDims(WarmupConfig.Input input) {
    Shape reshape = config.input(input.name()).map(TensorConfig::reshape).orElse(null);
    return reshape != null && reshape.isConcrete() ? reshape : input.dims();
  }

  /** The row that an operator's file holds; null where the data is not from a file. */
  byte @Nullable [] fileRow(WarmupConfig.Input input) {
    return input.data() instanceof Data.File ? row(input, modelDims(input)) : null;
  }

  private byte[] row(WarmupConfig.Input input, Shape dims) {
    boolean text = input.dataType() == DataType.BYTES;
    int byteSize =
        Math.toIntExact(
            text ? dims.elementCount() * Integer.BYTES : Tensor.byteSize(input.dataType(), dims));
    return switch (input.data()) {
      case Data.Zero zero -> new byte[byteSize];
      case Data.Random random -> text ? new byte[byteSize] : random(input.dataType(), byteSize);
      case Data.File file -> file(input, file.fileName(), dims, byteSize);
    };
  }

  /** Small positive values, valid for every type, and for an index as well as for a weight. */
  private static byte[] random(DataType dataType, int byteSize) {
    Random random = new Random(SEED);
    byte[] bytes = new byte[byteSize];
    ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (data.hasRemaining()) {
      switch (dataType) {
        case FP32 -> data.putFloat(random.nextFloat());
        case FP64 -> data.putDouble(random.nextDouble());
        case FP16, BF16, INT16, UINT16 -> data.putShort((short) random.nextInt(2));
        case INT32, UINT32 -> data.putInt(random.nextInt(2));
        case INT64, UINT64 -> data.putLong(random.nextInt(2));
        case BOOL, INT8, UINT8 -> data.put((byte) random.nextInt(2));
        case BYTES -> throw new IllegalArgumentException("BYTES (expected a type of fixed size)");
      }
    }
    return bytes;
  }

  private byte[] file(WarmupConfig.Input input, String fileName, Shape dims, int byteSize) {
    Path folder = modelFolder.resolve(DATA_FOLDER).normalize();
    Path path = folder.resolve(fileName).normalize();
    if (!path.startsWith(folder)) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "input_data_file: %s (expected a file in %s)".formatted(fileName, DATA_FOLDER));
    }
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(path);
    } catch (IOException failure) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED, "input_data_file: " + failure, failure);
    }
    if (input.dataType() == DataType.BYTES) {
      BytesElements.requireWellFormed(ByteBuffer.wrap(bytes), dims.elementCount());
    } else if (bytes.length != byteSize) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "input_data_file %s: %d bytes (expected %d for %s%s)"
              .formatted(fileName, bytes.length, byteSize, input.dataType(), dims));
    }
    return bytes;
  }
}
