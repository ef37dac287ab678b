package io.onnxfleet.gateway.call;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.gateway.security.TestAccess;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.support.Netty4HeadersAdapter;

/** Calls that no transport brought. */
public final class TestCalls {

  private TestCalls() {}

  /** Has a model run, until that time. */
  public static Call infer(String model, Answer answer, long deadlineNanos, String... headers) {
    return call(
        new ApiCall.Asked(ApiCall.INFER, model, null),
        "POST",
        ApiCall.INFER.path(model, null),
        answer,
        deadlineNanos,
        headers);
  }

  /** Asks about a model, until that time. */
  public static Call describe(String model, Answer answer, long deadlineNanos) {
    return call(
        new ApiCall.Asked(ApiCall.MODEL_METADATA, model, null),
        "GET",
        ApiCall.MODEL_METADATA.path(model, null),
        answer,
        deadlineNanos);
  }

  /** Asks for vectors by GET, without end. */
  public static Call query(String model, Answer answer, String... headers) {
    return call(
        new ApiCall.Asked(ApiCall.EMBEDDINGS_QUERY, model, null),
        "POST",
        ApiPaths.EMBEDDINGS,
        answer,
        Long.MAX_VALUE,
        headers);
  }

  /** The same call with another target. */
  public static Call at(Call call, String path, @Nullable String query) {
    CallHead head = call.head();
    return new Call(
        call.asked(),
        new CallHead(head.method(), path, query, head.headers(), head.received()),
        call.access(),
        call.origin(),
        call.trace(),
        call.deadline(),
        call.body(),
        call.answer());
  }

  private static Call call(
      ApiCall.Asked asked,
      String method,
      String path,
      Answer answer,
      long deadlineNanos,
      String... headers) {
    io.netty.handler.codec.http.HttpHeaders received = new DefaultHttpHeaders();
    for (int i = 0; i < headers.length; i += 2) {
      received.add(headers[i], headers[i + 1]);
    }
    return new Call(
        asked,
        new CallHead(
            method, path, null, new HttpHeaders(new Netty4HeadersAdapter(received)), received),
        TestAccess.of("caller"),
        TestAccess.ORIGIN,
        new RequestTrace("request", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        new Deadline(deadlineNanos),
        new BodySource.InMemory(new byte[0]),
        answer);
  }
}
