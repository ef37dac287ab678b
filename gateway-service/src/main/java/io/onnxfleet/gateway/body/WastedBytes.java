package io.onnxfleet.gateway.body;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.contract.api.DeflateInput;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.api.ModelInBody;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.springframework.http.HttpHeaders;

/*
 * A body of a megabyte costs the fleet some ten milliseconds of a processor before anybody knows
 * that nothing comes of it: that it is no JSON, that it inflates to a thousand times its size, that
 * its text is one word which no model knows. So what came of bodies is counted when they were
 * answered, and a caller of whom too many came to nothing is refused further large ones by their
 * heads, until time has paid. Small bodies are always taken: those of honest callers behind the
 * same address too.
 *
 *   wasted = bytes - 256 KB               of a body that was refused for what stands in it
 *          = bytes - 256 KB - 4 KB*tokens of a text that was answered
 *          = 0                            of all others
 *
 * Texts have a token in every few characters. 4 KB a token is what is left of a long text that its
 * caller wants cut to the model's window.
 */
/**
 * The bytes that each caller had the fleet read for nothing, and who has to wait for that. Safe for
 * use by many threads; never blocks. Bounded: of more callers than it remembers the one that was
 * silent longest begins anew.
 */
public final class WastedBytes {

  /** Of each body, which any may have. */
  static final long FREE = 256 * 1024;

  static final long EACH_TOKEN = 4 * 1024;

  /** What may come at once, in seconds' worth. */
  static final int BURST_SECONDS = 4;

  /** However much was wasted at once. */
  static final int LONGEST_WAIT_SECONDS = 16;

  private static final int MOST_CALLERS = 10_000;
  private static final int REFUSED = 400;
  private static final int FAILED = 500;

  private final long perSecond;
  private final LongSupplier nanoClock;
  private final Cache<String, Account> accounts =
      Caffeine.newBuilder().maximumSize(MOST_CALLERS).executor(Runnable::run).build();

  /**
   * Nothing is wasted yet.
   *
   * @param perSecond bytes that each caller may waste; 0 counts none
   */
  public WastedBytes(long perSecond, LongSupplier nanoClock) {
    this.perSecond = perSecond;
    this.nanoClock = nanoClock;
  }

  /**
   * Looks at a call before its body is read.
   *
   * @throws GatewayException if the caller has to wait with a body of this size
   */
  public void begin(String caller, Call call) {
    if (perSecond > 0 && isLarge(call.body().declaredLength(), call)) {
      requireNoDebt(caller);
    }
  }

  /**
   * Has the call counted when it is answered, if its body is not small. What is refused before is
   * refused by its head, and wastes nothing.
   *
   * @param body that was taken in
   * @throws GatewayException if the caller has to wait with a body of this size, which its head did
   *     not tell
   */
  public void taken(String caller, Call call, RequestBody body) {
    if (perSecond == 0 || !isLarge(length(body), call)) {
      return;
    }
    if (call.body().declaredLength() < 0) {
      requireNoDebt(caller);
    }
    call.answer().onBegin(() -> count(caller, call));
  }

  private static long length(RequestBody body) {
    return switch (body) {
      case RequestBody.Kept kept -> kept.bytes().length;
      case RequestBody.Held held -> held.length();
      case RequestBody.Streamed streamed ->
          streamed.length() < 0 ? Long.MAX_VALUE : streamed.length();
    };
  }

  private static boolean isLarge(long length, Call call) {
    return length > (isCompressed(call) ? FREE / DeflateInput.HONEST_RATIO : FREE);
  }

  private static boolean isCompressed(Call call) {
    return !ContentCoding.of(call.head().headers().getFirst(HttpHeaders.CONTENT_ENCODING))
        .isEmpty();
  }

  private void requireNoDebt(String caller) {
    Account account = accounts.getIfPresent(caller);
    long wait = account == null ? 0 : account.waitSeconds(nanoClock.getAsLong());
    if (wait > 0) {
      throw new GatewayException(
          ErrorCode.QUOTA_EXCEEDED,
          "body: large, where bodies of more than %d bytes a second came to nothing (expected: such as are not refused, and texts of more than a word)"
              .formatted(perSecond),
          wait);
    }
  }

  private void count(String caller, Call call) {
    long wasted = wasted(call);
    if (wasted > 0) {
      long now = nanoClock.getAsLong();
      accounts.get(caller, _ -> new Account(perSecond, now)).charge(wasted, now);
    }
  }

  private static long wasted(Call call) {
    Answer answer = call.answer();
    long bytes = bytes(call);
    if (isRefusedForItsContent(call)) {
      return bytes - FREE;
    }
    String units = answer.headers().getFirst(HeaderNames.UNITS);
    if (answer.status() >= REFUSED
        || units == null
        || call.asked().call().modelInBody() == ModelInBody.NONE) {
      return 0;
    }
    long tokens = InferenceUnits.parse(units).tokens();
    return tokens == 0 ? 0 : bytes - FREE - EACH_TOKEN * Math.min(tokens, bytes);
  }

  /** What a replica has read, decompressed; else what came. */
  private static long bytes(Call call) {
    String read = call.answer().headers().getFirst(HeaderNames.BODY_BYTES);
    try {
      return read == null ? call.body().declaredLength() : Long.parseLong(read);
    } catch (NumberFormatException malformed) {
      return call.body().declaredLength();
    }
  }

  /** And not for its caller, the load, the time, or the length that its head says. */
  private static boolean isRefusedForItsContent(Call call) {
    int status = call.answer().status();
    return switch (status) {
      case 401, 403, 408, 409, 429 -> false;
      case 413 -> call.answer().headers().containsHeader(HeaderNames.BODY_BYTES);
      default -> status >= REFUSED && status < FAILED;
    };
  }

  /** What one caller may still waste. INVARIANT: -longest <= left <= burst. */
  private static final class Account {

    private final long perSecond;

    @GuardedBy("this")
    private double left;

    @GuardedBy("this")
    private long filledNanos;

    Account(long perSecond, long nowNanos) {
      this.perSecond = perSecond;
      this.left = (double) perSecond * BURST_SECONDS;
      this.filledNanos = nowNanos;
    }

    synchronized void charge(long bytes, long nowNanos) {
      fill(nowNanos);
      left = Math.max(left - bytes, -(double) perSecond * LONGEST_WAIT_SECONDS);
    }

    /** 0 unless it is in debt. */
    synchronized long waitSeconds(long nowNanos) {
      fill(nowNanos);
      return left >= 0 ? 0 : (long) Math.ceil(-left / perSecond);
    }

    @GuardedBy("this")
    private void fill(long nowNanos) {
      double passed = nowNanos - filledNanos;
      // Another thread may have looked at the clock later and been here first.
      if (passed > 0) {
        filledNanos = nowNanos;
        left =
            Math.min(
                (double) perSecond * BURST_SECONDS,
                left + perSecond * passed / TimeUnit.SECONDS.toNanos(1));
      }
    }
  }
}
