package io.onnxfleet.inference.protocol;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.web.servlet.DispatcherServlet;

/**
 * Spring MVC's servlet, which serves direct requests itself where a filter is not known: behind all
 * filters, whatever their order, so that what they are for, a login say, holds for calls that run a
 * model too.
 */
final class DirectServlet extends DispatcherServlet {
  private static final long serialVersionUID = 1L;

  private final transient ShortPath path;
  private final transient DirectRequests requests;

  DirectServlet(ShortPath path, DirectRequests requests) {
    this.path = path;
    this.requests = requests;
  }

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws ServletException, IOException {
    boolean direct =
        path.leads() == ShortPath.Way.BEHIND_FILTERS
            && request.getDispatcherType() == DispatcherType.REQUEST;
    if (!direct || !requests.serve(request, response)) {
      super.service(request, response);
    }
  }
}
