package io.onnxfleet.jobs.store.s3;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A bucket of a store that speaks S3, as strict as the real one in what it is used for: signatures
 * and digests are computed, parts must be large enough and named by their tags, ranges must begin
 * within the object. Fails as it is told. Listings have pages of three. Safe for use by many
 * threads.
 */
public final class S3Server implements AutoCloseable {
  public static final String BUCKET = "jobs";
  public static final String REGION = "eu-central-1";
  public static final String ACCESS_KEY = "AKIDEXAMPLE";
  public static final String SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

  /** What may not last. */
  public static final Failure BROKEN = new Failure.Refused(500, "InternalError");

  private static final int PAGE = 3;
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");
  private static final Pattern PART =
      Pattern.compile("<Part>(?:(?!</Part>).)*</Part>", Pattern.DOTALL);
  private static final Pattern TAG = Pattern.compile("<ETag>(.*?)</ETag>");
  private static final Pattern NUMBER = Pattern.compile("<PartNumber>(\\d+)</PartNumber>");

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final NavigableMap<String, Stored> objects = new ConcurrentSkipListMap<>();
  private final Map<String, Upload> uploads = new ConcurrentHashMap<>();
  private final AtomicInteger uploadIds = new AtomicInteger();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final Map<String, Queue<Failure>> failures = new ConcurrentHashMap<>();
  private final String scheme;
  private volatile SignatureCheck signatures;
  private volatile InstantSource clock = Clock.systemUTC();
  private volatile int smallestPart;
  private volatile boolean hasConditions = true;

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Stored(byte[] content, Instant modified) {
    String tag() {
      return '"' + SignatureCheck.hex(SignatureCheck.digest("MD5", content)) + '"';
    }
  }

  private record Upload(String key, Instant initiated, NavigableMap<Integer, Stored> parts) {}

  /** What becomes of a request that should fail. */
  public sealed interface Failure {
    /** It is refused. */
    record Refused(int status, String code) implements Failure {}

    /** The connection breaks before anything is done. */
    record Reset() implements Failure {}

    /** It is done, and the connection breaks before anything is said of it. */
    record AnswerLost() implements Failure {}

    /** The answer breaks off after so many bytes of the body. */
    record CutOff(int bytes) implements Failure {}

    /** Status 200, and an error as the body: CompleteMultipartUpload may do so. */
    record RefusedLate(String code) implements Failure {}
  }

  private static final class BrokenException extends IOException {
    private static final long serialVersionUID = 1L;
  }

  public S3Server() throws IOException {
    this(null);
  }

  /** One that speaks TLS; null for none. */
  public S3Server(@Nullable SSLContext tls) throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    if (tls == null) {
      server = HttpServer.create(address, 0);
      scheme = "http";
    } else {
      HttpsServer secured = HttpsServer.create(address, 0);
      secured.setHttpsConfigurator(new HttpsConfigurator(tls));
      server = secured;
      scheme = "https";
    }
    signatures = new SignatureCheck(Map.of(ACCESS_KEY, SECRET), REGION, null, tls != null);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  public URI endpoint() {
    return URI.create(scheme + "://127.0.0.1:" + server.getAddress().getPort());
  }

  /** What a job service is told of it. */
  public List<String> arguments() {
    return List.of(
        "--fleet.jobs.s3.bucket=" + BUCKET,
        "--fleet.jobs.s3.endpoint=" + endpoint(),
        "--fleet.jobs.s3.region=" + REGION,
        "--fleet.jobs.s3.access-key-id=" + ACCESS_KEY,
        "--fleet.jobs.s3.secret-access-key=" + SECRET);
  }

  /** Of the next requests of an operation, one after the other. */
  public void fail(String operation, Failure... next) {
    failures
        .computeIfAbsent(operation, name -> new ConcurrentLinkedQueue<>())
        .addAll(Arrays.asList(next));
  }

  /** The same for all that come, until it is told otherwise. */
  public void failAll(String operation, Failure each) {
    failures.put(operation, endless(each));
  }

  private static Queue<Failure> endless(Failure each) {
    return new ArrayDeque<>() {
      private static final long serialVersionUID = 1L;

      @Override
      public Failure poll() {
        return each;
      }
    };
  }

  public void failNoMore() {
    failures.clear();
  }

  void expecting(SignatureCheck check) {
    signatures = check;
  }

  public void ahead(Duration skew) {
    clock = InstantSource.offset(Clock.systemUTC(), skew);
  }

  public void partsOfAtLeast(int bytes) {
    smallestPart = bytes;
  }

  /** Some stores know of none. */
  public void withoutConditions() {
    hasConditions = false;
  }

  /** Operations that came, those that failed too. */
  public List<String> requests() {
    return requests;
  }

  public List<String> keys() {
    return List.copyOf(objects.keySet());
  }

  public byte @Nullable [] content(String key) {
    Stored stored = objects.get(key);
    return stored == null ? null : stored.content();
  }

  public void put(String key, byte[] content) {
    objects.put(key, new Stored(content, clock.instant()));
  }

  public void remove(String key) {
    objects.remove(key);
  }

  /** Has all uploads begin so much sooner; their parts stay as they are. */
  public void ageUploads(Duration by) {
    uploads.replaceAll(
        (id, upload) -> new Upload(upload.key(), upload.initiated().minus(by), upload.parts()));
  }

  /** Uploads that are neither complete nor aborted. */
  public int openUploads() {
    return uploads.size();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      Map<String, String> query = query(exchange.getRequestURI());
      String operation = operation(exchange, query);
      requests.add(operation);
      Queue<Failure> told = failures.get(operation);
      @Nullable Failure failure = told == null ? null : told.poll();
      switch (failure) {
        case Failure.Refused(int status, String code) -> refuse(exchange, status, code);
        case Failure.Reset() -> throw new BrokenException();
        case Failure.RefusedLate(String code) -> send(exchange, 200, error(code));
        case Failure.AnswerLost() -> {
          serve(exchange, operation, query, body, Integer.MAX_VALUE, false);
          throw new BrokenException();
        }
        case Failure.CutOff(int bytes) -> serve(exchange, operation, query, body, bytes, true);
        case null -> serve(exchange, operation, query, body, Integer.MAX_VALUE, true);
      }
    } catch (BrokenException broken) {
      // Closing the exchange before an answer closes the connection.
    }
  }

  private static String operation(HttpExchange exchange, Map<String, String> query) {
    boolean isBucket = exchange.getRequestURI().getPath().split("/").length <= 2;
    return switch (exchange.getRequestMethod()) {
      case "PUT" -> query.containsKey("partNumber") ? "UploadPart" : "PutObject";
      case "POST" ->
          query.containsKey("uploads") ? "CreateMultipartUpload" : "CompleteMultipartUpload";
      case "DELETE" -> query.containsKey("uploadId") ? "AbortMultipartUpload" : "DeleteObject";
      case "HEAD" -> "HeadObject";
      default -> {
        if (!isBucket) {
          yield query.containsKey("uploadId") ? "ListParts" : "GetObject";
        }
        yield query.containsKey("uploads") ? "ListMultipartUploads" : "ListObjectsV2";
      }
    };
  }

  private void serve(
      HttpExchange exchange,
      String operation,
      Map<String, String> query,
      byte[] body,
      int cutAfter,
      boolean isSaid)
      throws IOException {
    Headers headers = exchange.getRequestHeaders();
    URI target = exchange.getRequestURI();
    String refusal =
        signatures.refusal(exchange.getRequestMethod(), target, headers, body, clock.instant());
    String[] path = target.getPath().substring(1).split("/", 2);
    if (refusal != null) {
      refuse(exchange, refusal.equals("AuthorizationHeaderMalformed") ? 400 : 403, refusal);
      return;
    }
    if (!path[0].equals(BUCKET)) {
      refuse(exchange, 404, "NoSuchBucket");
      return;
    }
    String digest = headers.getFirst("Content-MD5");
    if (exchange.getRequestMethod().equals("PUT") && digest == null) {
      refuse(exchange, 400, "InvalidRequest");
      return;
    }
    if (digest != null
        && !Arrays.equals(Base64.getDecoder().decode(digest), SignatureCheck.digest("MD5", body))) {
      refuse(exchange, 400, "BadDigest");
      return;
    }
    String key = path.length == 1 ? "" : path[1];
    switch (operation) {
      case "PutObject" -> putObject(exchange, key, body, isSaid);
      case "GetObject", "HeadObject" -> get(exchange, key, cutAfter);
      case "DeleteObject" -> {
        objects.remove(key);
        exchange.sendResponseHeaders(204, -1);
      }
      case "CreateMultipartUpload" -> {
        String id = "upload-" + uploadIds.incrementAndGet();
        uploads.put(id, new Upload(key, clock.instant(), new ConcurrentSkipListMap<>()));
        send(
            exchange,
            200,
            "<InitiateMultipartUploadResult><UploadId>"
                + id
                + "</UploadId></InitiateMultipartUploadResult>");
      }
      case "UploadPart" -> uploadPart(exchange, key, query, body);
      case "CompleteMultipartUpload" ->
          complete(exchange, key, query, new String(body, UTF_8), isSaid);
      case "AbortMultipartUpload" -> {
        if (upload(exchange, key, query) != null) {
          uploads.remove(query.get("uploadId"));
          exchange.sendResponseHeaders(204, -1);
        }
      }
      case "ListParts" -> listParts(exchange, key, query);
      case "ListMultipartUploads" -> listUploads(exchange, query);
      case "ListObjectsV2" -> list(exchange, query);
      default -> refuse(exchange, 501, "NotImplemented");
    }
  }

  private void putObject(HttpExchange exchange, String key, byte[] body, boolean isSaid)
      throws IOException {
    if (exchange.getRequestHeaders().containsKey("If-None-Match")) {
      if (!hasConditions) {
        refuse(exchange, 501, "NotImplemented");
        return;
      }
      if (objects.containsKey(key)) {
        refuse(exchange, 412, "PreconditionFailed");
        return;
      }
    }
    Stored stored = new Stored(body, clock.instant());
    objects.put(key, stored);
    if (isSaid) {
      exchange.getResponseHeaders().add("ETag", stored.tag());
      exchange.sendResponseHeaders(200, -1);
    }
  }

  private void get(HttpExchange exchange, String key, int cutAfter) throws IOException {
    Stored stored = objects.get(key);
    boolean isHead = exchange.getRequestMethod().equals("HEAD");
    if (stored == null) {
      if (isHead) {
        exchange.sendResponseHeaders(404, -1);
      } else {
        refuse(exchange, 404, "NoSuchKey");
      }
      return;
    }
    byte[] content = stored.content();
    int from = 0;
    int end = content.length;
    String range = exchange.getRequestHeaders().getFirst("Range");
    if (range != null) {
      MatchResult read = RANGE.matcher(range).results().findFirst().orElseThrow();
      from = Integer.parseInt(read.group(1));
      end = Math.min(end, Integer.parseInt(read.group(2)) + 1);
      if (from >= content.length) {
        refuse(exchange, 416, "InvalidRange");
        return;
      }
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes %d-%d/%d".formatted(from, end - 1, content.length));
    }
    exchange.getResponseHeaders().add("ETag", stored.tag());
    int length = end - from;
    if (isHead) {
      exchange.getResponseHeaders().add("Content-Length", String.valueOf(length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    exchange.sendResponseHeaders(range == null ? 200 : 206, length == 0 ? -1 : length);
    exchange.getResponseBody().write(content, from, Math.min(length, cutAfter));
    exchange.getResponseBody().flush();
  }

  private @Nullable Upload upload(HttpExchange exchange, String key, Map<String, String> query)
      throws IOException {
    Upload upload = uploads.get(query.get("uploadId"));
    if (upload == null || !upload.key().equals(key)) {
      refuse(exchange, 404, "NoSuchUpload");
      return null;
    }
    return upload;
  }

  private void uploadPart(HttpExchange exchange, String key, Map<String, String> query, byte[] body)
      throws IOException {
    Upload upload = upload(exchange, key, query);
    if (upload != null) {
      Stored part = new Stored(body, clock.instant());
      upload.parts().put(Integer.valueOf(query.get("partNumber")), part);
      exchange.getResponseHeaders().add("ETag", part.tag());
      exchange.sendResponseHeaders(200, -1);
    }
  }

  private void complete(
      HttpExchange exchange, String key, Map<String, String> query, String list, boolean isSaid)
      throws IOException {
    Upload upload = upload(exchange, key, query);
    if (upload == null) {
      return;
    }
    NavigableMap<Integer, Stored> wanted = new TreeMap<>();
    for (MatchResult part : PART.matcher(list).results().toList()) {
      int number =
          Integer.parseInt(
              NUMBER.matcher(part.group()).results().findFirst().orElseThrow().group(1));
      String tag =
          TAG.matcher(part.group())
              .results()
              .findFirst()
              .orElseThrow()
              .group(1)
              .replace("&quot;", "\"");
      Stored known = upload.parts().get(number);
      if (known == null || !known.tag().equals(tag)) {
        refuse(exchange, 400, "InvalidPart");
        return;
      }
      wanted.put(number, known);
    }
    if (wanted.isEmpty()) {
      refuse(exchange, 400, "MalformedXML");
      return;
    }
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    for (Map.Entry<Integer, Stored> part : wanted.entrySet()) {
      if (part.getValue().content().length < smallestPart
          && !part.getKey().equals(wanted.lastKey())) {
        refuse(exchange, 400, "EntityTooSmall");
        return;
      }
      whole.writeBytes(part.getValue().content());
    }
    objects.put(key, new Stored(whole.toByteArray(), clock.instant()));
    uploads.remove(query.get("uploadId"));
    if (isSaid) {
      send(
          exchange,
          200,
          "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>");
    }
  }

  private void listParts(HttpExchange exchange, String key, Map<String, String> query)
      throws IOException {
    Upload upload = upload(exchange, key, query);
    if (upload != null) {
      StringBuilder xml = new StringBuilder("<ListPartsResult><IsTruncated>false</IsTruncated>");
      upload
          .parts()
          .forEach(
              (number, part) ->
                  xml.append("<Part><PartNumber>" + number + "</PartNumber><LastModified>")
                      .append(part.modified() + "</LastModified></Part>"));
      send(exchange, 200, xml.append("</ListPartsResult>").toString());
    }
  }

  private void listUploads(HttpExchange exchange, Map<String, String> query) throws IOException {
    StringBuilder xml =
        new StringBuilder("<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>");
    uploads.forEach(
        (id, upload) -> {
          if (upload.key().startsWith(query.getOrDefault("prefix", ""))) {
            xml.append("<Upload><Key>" + upload.key() + "</Key><UploadId>" + id)
                .append("</UploadId><Initiated>" + upload.initiated() + "</Initiated></Upload>");
          }
        });
    send(exchange, 200, xml.append("</ListMultipartUploadsResult>").toString());
  }

  private void list(HttpExchange exchange, Map<String, String> query) throws IOException {
    String prefix = query.getOrDefault("prefix", "");
    int most = Math.min(PAGE, Integer.parseInt(query.getOrDefault("max-keys", "1000")));
    List<Map.Entry<String, Stored>> left =
        objects.tailMap(query.getOrDefault("continuation-token", ""), false).entrySet().stream()
            .filter(object -> object.getKey().startsWith(prefix))
            .toList();
    boolean more = left.size() > most;
    StringBuilder xml = new StringBuilder("<ListBucketResult>");
    for (Map.Entry<String, Stored> object : left.subList(0, Math.min(most, left.size()))) {
      xml.append("<Contents><Key>" + object.getKey())
          .append("</Key><LastModified>" + object.getValue().modified())
          .append("</LastModified></Contents>");
    }
    xml.append("<IsTruncated>" + more + "</IsTruncated>");
    if (more) {
      xml.append("<NextContinuationToken>" + left.get(most - 1).getKey())
          .append("</NextContinuationToken>");
    }
    send(exchange, 200, xml.append("</ListBucketResult>").toString());
  }

  private static Map<String, String> query(URI uri) {
    Map<String, String> query = new HashMap<>();
    String raw = uri.getRawQuery();
    for (String pair : raw == null ? new String[0] : raw.split("&", -1)) {
      String[] parts = pair.split("=", 2);
      query.put(
          URLDecoder.decode(parts[0], UTF_8),
          parts.length == 1 ? "" : URLDecoder.decode(parts[1], UTF_8));
    }
    return query;
  }

  private static String error(String code) {
    return "<Error><Code>" + code + "</Code><Message>no</Message></Error>";
  }

  private static void refuse(HttpExchange exchange, int status, String code) throws IOException {
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
    } else {
      send(exchange, status, error(code));
    }
  }

  private static void send(HttpExchange exchange, int status, String xml) throws IOException {
    byte[] body = ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + xml).getBytes(UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/xml");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
