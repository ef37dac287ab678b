package io.onnxfleet.jobs.webhook;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.HostnameVerificationPolicy;
import org.apache.hc.client5.http.ssl.HttpsSupport;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a delivery as <a href="https://www.standardwebhooks.com">Standard Webhooks</a> says: over a
 * connection of its own, to an address that its resolver allows, with the host's name for TLS and
 * {@code Host}. Follows no redirects, knows no proxies, keeps no cookies and reads no more of an
 * answer than its head and a little of its body. Blocks, for no longer than the time limit and a
 * look-up. Thread-safe.
 */
final class WebhookSender implements AutoCloseable {
  static final String ID = "webhook-id";
  static final String TIMESTAMP = "webhook-timestamp";
  static final String SIGNATURE = "webhook-signature";

  private static final Logger LOGGER = LoggerFactory.getLogger(WebhookSender.class);

  private static final ContentType JSON = ContentType.create("application/json");
  private static final Duration LONGEST_CONNECT = Duration.ofSeconds(5);
  private static final int LONGEST_LINE = 8 << 10;
  private static final int MOST_HEADERS = 100;

  /** Of a body: that whoever writes a short one sees no broken connection. */
  private static final int MOST_OF_A_BODY = 8 << 10;

  private static final int GONE = 410;
  private static final int LONGEST_REASON = 500;

  /** What an endpoint made of a delivery. */
  sealed interface Answer {
    /** 2xx. */
    record Accepted() implements Answer {}

    /** 410: it wants nothing any more. */
    record Gone() implements Answer {}

    /** Anything else, and no answer. */
    record Failed(String reason) implements Answer {}
  }

  private final CloseableHttpClient http;
  private final ScheduledThreadPoolExecutor limits;
  private final Duration limit;
  private final InstantSource clock;

  /**
   * Sends to what the resolver allows.
   *
   * @param trust whose authorities sign the endpoints' certificates
   * @param limit from the first look at an address to the end of the answer's head
   * @param places of tries under way
   */
  WebhookSender(
      DnsResolver resolver, SSLContext trust, Duration limit, int places, InstantSource clock) {
    this.limit = limit;
    this.clock = clock;
    this.limits =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("webhook-limit").factory());
    limits.setRemoveOnCancelPolicy(true);
    Timeout timeout = Timeout.of(limit);
    Timeout connect = Timeout.of(limit.compareTo(LONGEST_CONNECT) < 0 ? limit : LONGEST_CONNECT);
    this.http =
        HttpClients.custom()
            .setConnectionManager(
                PoolingHttpClientConnectionManagerBuilder.create()
                    .setDnsResolver(resolver)
                    .setTlsSocketStrategy(
                        new DefaultClientTlsStrategy(
                            trust,
                            HostnameVerificationPolicy.BOTH,
                            HttpsSupport.getDefaultHostnameVerifier()))
                    .setConnectionFactory(
                        ManagedHttpClientConnectionFactory.builder()
                            .http1Config(
                                Http1Config.custom()
                                    .setMaxLineLength(LONGEST_LINE)
                                    .setMaxHeaderCount(MOST_HEADERS)
                                    .build())
                            .build())
                    .setDefaultConnectionConfig(
                        ConnectionConfig.custom()
                            .setConnectTimeout(connect)
                            .setSocketTimeout(timeout)
                            .build())
                    .setMaxConnTotal(places)
                    .setMaxConnPerRoute(places)
                    .build())
            .setDefaultRequestConfig(
                RequestConfig.custom()
                    .setConnectionRequestTimeout(timeout)
                    .setResponseTimeout(timeout)
                    .setProtocolUpgradeEnabled(false)
                    .build())
            // The next delivery is to look at the host's addresses anew.
            .setConnectionReuseStrategy((request, response, context) -> false)
            .disableRedirectHandling()
            .disableAutomaticRetries()
            .disableContentCompression()
            .disableCookieManagement()
            .disableAuthCaching()
            .setUserAgent("onnx-fleet")
            .build();
  }

  /** Sends it once. */
  Answer send(Endpoint endpoint, Delivery delivery) {
    HttpPost request = request(endpoint, delivery);
    ScheduledFuture<?> end =
        limits.schedule(request::cancel, limit.toMillis(), TimeUnit.MILLISECONDS);
    ClassicHttpResponse response = null;
    try {
      response = http.executeOpen(null, request, null);
      Answer answer = judge(response.getCode());
      skim(response.getEntity());
      return answer;
    } catch (IOException | IllegalStateException failed) {
      // The client throws the latter where it is cancelled between two of its steps.
      return new Answer.Failed(
          request.isCancelled()
              ? "no answer within " + limit
              : shortened(failed.getClass().getSimpleName() + ": " + failed.getMessage()));
    } finally {
      end.cancel(false);
      // Before the response is closed, which reads what is left of a body unless there is no way
      // to.
      request.cancel();
      closeQuietly(response);
    }
  }

  private static void closeQuietly(@Nullable ClassicHttpResponse response) {
    try {
      if (response != null) {
        response.close();
      }
    } catch (IOException broken) {
      LOGGER.debug("the connection of an answer was broken off", broken);
    }
  }

  private HttpPost request(Endpoint endpoint, Delivery delivery) {
    String id = delivery.key().event();
    long timestamp = clock.instant().getEpochSecond();
    byte[] body = delivery.body();
    HttpPost request = new HttpPost(endpoint.url());
    request.setHeader("Connection", "close");
    request.setHeader(ID, id);
    request.setHeader(TIMESTAMP, timestamp);
    request.setHeader(
        SIGNATURE,
        endpoint.secrets().stream()
            .map(secret -> secret.sign(id, timestamp, body))
            .collect(Collectors.joining(" ")));
    request.setEntity(new ByteArrayEntity(body, JSON));
    return request;
  }

  private static Answer judge(int status) {
    if (status >= 200 && status < 300) {
      return new Answer.Accepted();
    }
    return status == GONE
        ? new Answer.Gone()
        : new Answer.Failed("status " + status + " (expected: 2xx)");
  }

  /** The answer stands, however its body ends. */
  private static void skim(@Nullable HttpEntity body) {
    try {
      if (body != null) {
        body.getContent().skipNBytes(MOST_OF_A_BODY);
      }
    } catch (IOException ended) {
      LOGGER.debug("the body of an answer ended early", ended);
    }
  }

  private static String shortened(String reason) {
    return reason.length() > LONGEST_REASON ? reason.substring(0, LONGEST_REASON) : reason;
  }

  @Override
  public void close() throws IOException {
    limits.shutdownNow();
    http.close();
  }
}
