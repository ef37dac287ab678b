package io.onnxfleet.engine.text.tokenization;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;

/**
 * The native library of the tokenizers, unpacked once and without a network.
 *
 * <p>Used directly, not through {@code HuggingFaceTokenizer}: that one copies tokens, offsets and
 * masks that nobody needs out of every encoding, and reports its first use to a server.
 */
final class TokenizerLibrary {
  /** A writable folder for unpacked native libraries; without it, one in the user's home. */
  static final String CACHE_PROPERTY = "onnxfleet.native-cache";

  private static final String FLAVOR_PROPERTY = "RUST_FLAVOR";
  private static final String LIBRARY_CACHE_PROPERTY = "ENGINE_CACHE_DIR";

  private TokenizerLibrary() {}

  /**
   * The library, loaded.
   *
   * @throws InferenceException if there is none for this platform
   */
  static TokenizersLibrary load() {
    // Where there is a GPU the library would look for a build of its own, on the network.
    setIfAbsent(FLAVOR_PROPERTY, "cpu");
    String cache = System.getProperty(CACHE_PROPERTY, "");
    if (!cache.isEmpty()) {
      setIfAbsent(LIBRARY_CACHE_PROPERTY, cache);
    }
    try {
      LibUtils.checkStatus();
      return TokenizersLibrary.LIB;
    } catch (RuntimeException | LinkageError failure) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "the tokenizers' native library: %s (a writable folder for it is named by -D%s)"
              .formatted(failure.getMessage(), CACHE_PROPERTY),
          failure);
    }
  }

  private static void setIfAbsent(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}
