package io.onnxfleet.jobs.inside;

import io.onnxfleet.contract.fleet.WorkOwner;
import jakarta.servlet.ServletRequest;

/**
 * Whose request it is.
 *
 * @param owner as the gateway says
 * @param statement the same, as it said it
 */
public record Owners(WorkOwner owner, String statement) {
  private static final String ATTRIBUTE = Owners.class.getName();

  /** Of a request that has passed the {@link OwnerFilter}. */
  public static Owners of(ServletRequest request) {
    if (request.getAttribute(ATTRIBUTE) instanceof Owners known) {
      return known;
    }
    throw new IllegalStateException("no OwnerFilter before this request");
  }

  void attachTo(ServletRequest request) {
    request.setAttribute(ATTRIBUTE, this);
  }
}
