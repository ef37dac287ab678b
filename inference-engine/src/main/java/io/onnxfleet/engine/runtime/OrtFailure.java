package io.onnxfleet.engine.runtime;

import java.util.regex.Pattern;

/**
 * A status other than OK that a function of ONNX Runtime returned. Stays inside this package: a
 * session turns it into an {@link io.onnxfleet.engine.error.InferenceException}.
 */
final class OrtFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int INVALID_ARGUMENT = 2;

  /** Where in its sources the runtime was: a file with its line, then the function. */
  private static final Pattern SOURCE_LOCATION =
      Pattern.compile(
          "\\S*/?[\\w.-]+\\.(?:cc|cpp|h|hpp|cu|cuh):\\d+ "
              + "(?:[\\w:<>,~*&\\[\\]= ]*\\((?:[^()]|\\([^()]*\\))*\\)(?: const)?"
              + "(?:::<lambda\\([^()]*\\)>)?(?: \\[[^\\]]*\\])? |\\w+ )?");

  /** A status inside a message: {@code : 1 : FAIL : }. */
  private static final Pattern STATUS = Pattern.compile("(?:: )?\\d+ : [A-Z_]+ : ");

  /** Where a call to a device failed: the machine, the file, the expression. */
  private static final Pattern DEVICE_LOCATION =
      Pattern.compile(
          " *; (?:GPU=-?\\d+ ; )?hostname=\\S* ; file=\\S* ; line=\\d+ ;(?: expr=[^;]*;?)?");

  /**
   * What allocators of the runtime and of CUDA's libraries say: the arena, the driver, cuBLAS,
   * cuDNN and TensorRT.
   */
  private static final Pattern OUT_OF_MEMORY =
      Pattern.compile(
          "Failed to allocate memory for requested buffer of size|BFC Arena ran out of memory"
              + "|Available memory of \\d+ is smaller than requested bytes"
              + "|CUDA failure 2: |cudaMallocFromPoolAsync failed|cudaErrorMemoryAllocation"
              + "|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|std::bad_alloc"
              + "|[Oo]ut of memory");

  private static final String ARENA_FULL = " is smaller than requested bytes of ";

  private static final Pattern STACK_TRACE = Pattern.compile("(?s)\\s*Stacktrace:.*");
  private static final Pattern MODEL_PATH = Pattern.compile("Load model from (?s:.*?) failed: ?");
  private static final Pattern LINE_BREAKS = Pattern.compile("\\s*[\\r\\n]+\\s*");

  private final int status;

  OrtFailure(int status, String message) {
    super(readable(message), null, false, false);
    this.status = status;
  }

  boolean isInvalidArgument() {
    return status == INVALID_ARGUMENT;
  }

  /** True if a provider's library, or one that it needs, could not be loaded. */
  boolean isMissingLibrary() {
    return reason().contains("Failed to load library");
  }

  /** True if memory, the device's or this machine's, did not suffice for one run or one model. */
  boolean isOutOfMemory() {
    return OUT_OF_MEMORY.matcher(reason()).find();
  }

  /** True if a session's arena is at its limit, or would be. */
  boolean isArenaFull() {
    return reason().contains(ARENA_FULL);
  }

  /** Always there, unlike a throwable's message in general. */
  String reason() {
    return String.valueOf(getMessage());
  }

  /**
   * The message without places in the runtime's sources, stack traces, paths and names of this
   * machine.
   */
  static String readable(String message) {
    String text = STACK_TRACE.matcher(message).replaceAll("");
    text = MODEL_PATH.matcher(text).replaceAll("");
    text = STATUS.matcher(text).replaceAll("");
    text = DEVICE_LOCATION.matcher(text).replaceAll("");
    text = SOURCE_LOCATION.matcher(text).replaceAll("");
    return LINE_BREAKS.matcher(text.strip()).replaceAll(" ");
  }
}
