package io.onnxfleet.inference.protocol;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** Gives each request its {@link RequestIdentity}, in its answer and while it is logged about. */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
class RequestIdentityFilter extends OncePerRequestFilter {
  private final RequestIdentity identity;

  RequestIdentityFilter(RequestIdentity identity) {
    this.identity = identity;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    identity.stamp(request, response);
    RequestIdentity.enterLog(response);
    try {
      chain.doFilter(request, response);
    } finally {
      RequestIdentity.leaveLog();
    }
  }
}
