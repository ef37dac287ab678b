package io.onnxfleet.gateway.security.credential;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.gateway.fleet.ModelPatterns;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.AuditLog;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.VerifiedCaller;
import io.onnxfleet.gateway.security.quota.QuotaShare;
import io.onnxfleet.gateway.security.quota.QuotaUse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * The keys that this gateway knows: those of a file, which is read again every second and followed
 * when it changes, and the administrators' token.
 *
 * <ul>
 *   <li>A file that is wrong stops the start. One that becomes wrong later changes nothing, and the
 *       log says which line it is.
 *   <li>A file that is not there has no keys; one that goes away takes its keys with it, a second
 *       later, so that one that is being replaced does not.
 *   <li>Nor does one that is being written anew: what a file no longer has counts when it is seen a
 *       second time.
 *   <li>What a key has used of its quota outlives a change of the file that leaves the quota alone.
 *   <li>Of each quota this gateway takes the share that falls to it by the number of gateways.
 * </ul>
 *
 * <p>Looking up is safe for use by many threads and never blocks.
 */
public final class ApiKeys implements SmartLifecycle {

  private static final Logger LOGGER = LoggerFactory.getLogger(ApiKeys.class);
  private static final long INTERVAL_MILLIS = 1000;
  private static final int MOST_BYTES = 16 * 1024 * 1024;

  private static final String KEY = "key:";

  /** The caller that the administrators' token stands for. */
  private static final String ADMINISTRATOR = "administrator";

  private final @Nullable Path file;
  private final String token;
  private final QuotaShare share;
  private final LongSupplier nanoClock;
  private final AuditLog audit;

  private volatile Map<CredentialDigest, VerifiedCaller> callers = Map.of();
  private volatile Map<String, VerifiedCaller> byName = Map.of();

  @GuardedBy("this")
  private Map<String, ApiKey> keys = Map.of();

  @GuardedBy("this")
  private final Map<String, QuotaUse> uses = new HashMap<>();

  @GuardedBy("this")
  private String text = "";

  /** What was read last; {@link #text} is what counts. */
  @GuardedBy("this")
  private String seen = "";

  @GuardedBy("this")
  private String complaint = "";

  @GuardedBy("this")
  private boolean missing;

  private volatile @Nullable ScheduledExecutorService executor;

  /**
   * Reads the file.
   *
   * @param file null for none
   * @param token the administrators'; empty for none
   * @param share of quotas, which is looked at with the file
   */
  public ApiKeys(
      @Nullable Path file, String token, QuotaShare share, AuditLog audit, LongSupplier nanoClock) {
    this.file = file;
    this.token = token;
    this.share = share;
    this.audit = audit;
    this.nanoClock = nanoClock;
    begin();
  }

  private synchronized void begin() {
    String read = "";
    try {
      read = read();
    } catch (NoSuchFileException none) {
      missing = true;
      LOGGER.warn(
          "{} is not there: no key is known until it is (`./fleet key NAME` makes one)", file);
    } catch (IOException unreadable) {
      throw new IllegalArgumentException("keys: " + unreadable, unreadable);
    }
    try {
      publish(read, ApiKeyFile.parse(read));
      seen = read;
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException(file + ": " + wrong.getMessage(), wrong);
    }
  }

  /** Whose credential it is; null if nobody's. */
  public @Nullable VerifiedCaller find(CredentialDigest digest) {
    return callers.get(digest);
  }

  /** Who has a key as it is now, by the caller's name; null if nobody has. */
  public @Nullable VerifiedCaller named(String caller) {
    return byName.get(caller);
  }

  /** Whether a caller of that name has, or had, a key. */
  public static boolean isOfKey(String caller) {
    return caller.startsWith(KEY);
  }

  /** Looks at the file and at the number of gateways. */
  synchronized void refresh() {
    share.refresh();
    try {
      String read = read();
      missing = false;
      if (!read.equals(text)) {
        List<ApiKey> parsed = ApiKeyFile.parse(read);
        if (read.equals(seen) || hasAll(parsed)) {
          publish(read, parsed);
        }
        complaint = "";
      }
      seen = read;
    } catch (NoSuchFileException gone) {
      if (missing && !text.isEmpty()) {
        publish("", List.of());
      }
      missing = true;
    } catch (IOException | IllegalArgumentException wrong) {
      String message = file + ": " + wrong.getMessage();
      if (!message.equals(complaint)) {
        complaint = message;
        LOGGER.error("{}; the keys stay as they were", message);
      }
    }
  }

  /** Whether every key that is known is among them still. */
  @GuardedBy("this")
  private boolean hasAll(List<ApiKey> parsed) {
    Set<String> names = parsed.stream().map(ApiKey::name).collect(Collectors.toSet());
    return names.containsAll(keys.keySet());
  }

  private String read() throws IOException {
    if (file == null) {
      return "";
    }
    long size = Files.size(file);
    if (size > MOST_BYTES) {
      throw new IOException("%d bytes (expected: <= %d)".formatted(size, MOST_BYTES));
    }
    String read = Files.readString(file, StandardCharsets.UTF_8);
    return read.startsWith("\uFEFF") ? read.substring(1) : read;
  }

  @GuardedBy("this")
  private void publish(String read, List<ApiKey> parsed) {
    Map<CredentialDigest, VerifiedCaller> next = new HashMap<>();
    Map<String, ApiKey> named = new HashMap<>();
    for (ApiKey key : parsed) {
      named.put(key.name(), key);
      next.put(
          key.digest(),
          VerifiedCaller.of(
              new Access(
                  Access.Kind.VERIFIED,
                  KEY + key.name(),
                  key.scopes(),
                  new ModelPatterns(key.models())),
              key.expires(),
              use(key)));
    }
    if (!token.isEmpty()) {
      next.putIfAbsent(
          CredentialDigest.of(token),
          VerifiedCaller.guessable(
              new Access(
                  Access.Kind.VERIFIED,
                  ADMINISTRATOR,
                  EnumSet.of(Scope.ADMIN),
                  ModelPatterns.ALL)));
    }
    uses.keySet().retainAll(named.keySet());
    Map<String, VerifiedCaller> names = new HashMap<>();
    next.values().forEach(caller -> names.put(caller.access().caller(), caller));
    byName = Map.copyOf(names);
    tell(named);
    text = read;
    keys = named;
    callers = Map.copyOf(next);
  }

  @GuardedBy("this")
  private @Nullable QuotaUse use(ApiKey key) {
    if (key.quota().isNone()) {
      uses.remove(key.name());
      return null;
    }
    QuotaUse before = uses.get(key.name());
    if (before != null && before.quota().equals(key.quota())) {
      return before;
    }
    QuotaUse use = new QuotaUse(key.quota(), share, nanoClock.getAsLong());
    uses.put(key.name(), use);
    return use;
  }

  @GuardedBy("this")
  private void tell(Map<String, ApiKey> next) {
    List<String> changes = new ArrayList<>();
    Set<String> names = new TreeSet<>(keys.keySet());
    names.addAll(next.keySet());
    for (String name : names) {
      ApiKey before = keys.get(name);
      ApiKey after = next.get(name);
      if (before == null) {
        changes.add("+" + name);
      } else if (after == null) {
        changes.add("-" + name);
      } else if (!before.equals(after)) {
        changes.add("~" + name);
      }
    }
    if (!changes.isEmpty()) {
      audit.keysChanged(next.size(), changes);
    }
  }

  @Override
  @SuppressWarnings(
      "FutureReturnValueIgnored") // refresh() throws nothing that the future could hold.
  public void start() {
    ScheduledExecutorService watching =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("key-watch").daemon().factory());
    watching.scheduleWithFixedDelay(
        this::refresh, INTERVAL_MILLIS, INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
    executor = watching;
  }

  @Override
  public void stop() {
    ScheduledExecutorService watching = executor;
    executor = null;
    if (watching != null) {
      watching.shutdownNow();
    }
  }

  @Override
  public boolean isRunning() {
    return executor != null;
  }
}
