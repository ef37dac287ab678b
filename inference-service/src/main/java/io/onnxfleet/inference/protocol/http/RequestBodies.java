package io.onnxfleet.inference.protocol.http;

import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.Ticker;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;

/** Opens the bodies of requests within one bound for each and one for all. Thread-safe. */
public final class RequestBodies {
  private final long maxBytes;
  private final BodyBudget budget;
  private final Ticker ticker;
  private final InflationPace pace;

  /**
   * Bodies of a process.
   *
   * @param maxBytes of one body, also after decompression
   */
  public RequestBodies(long maxBytes, BodyBudget budget, Ticker ticker) {
    this(maxBytes, budget, ticker, new InflationPace());
  }

  RequestBodies(long maxBytes, BodyBudget budget, Ticker ticker, InflationPace pace) {
    this.pace = pace;
    this.maxBytes = maxBytes;
    this.budget = budget;
    this.ticker = ticker;
  }

  /** The body of a request, which is refused once the deadline has passed. */
  public RequestBody open(HttpServletRequest request, Deadline deadline) throws IOException {
    return open(request, maxBytes, deadline);
  }

  /** The body of a request that has little to say. */
  public RequestBody open(HttpServletRequest request, long atMost) throws IOException {
    return open(request, Math.min(atMost, maxBytes), Deadline.NONE);
  }

  private RequestBody open(HttpServletRequest request, long atMost, Deadline deadline)
      throws IOException {
    return RequestBody.of(request, atMost, budget.open(), pace, ticker, deadline);
  }
}
