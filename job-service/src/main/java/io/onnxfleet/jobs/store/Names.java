package io.onnxfleet.jobs.store;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.function.Supplier;

/** Names of 128 random bits, as 32 hexadecimal digits: nobody guesses one. Thread-safe. */
public final class Names implements Supplier<String> {
  private static final int BYTES = 16;

  private final SecureRandom random = new SecureRandom();

  @Override
  public String get() {
    byte[] bytes = new byte[BYTES];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
