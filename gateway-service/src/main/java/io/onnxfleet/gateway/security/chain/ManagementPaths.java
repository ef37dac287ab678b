package io.onnxfleet.gateway.security.chain;

import io.onnxfleet.contract.api.ApiPaths;
import java.util.Arrays;
import java.util.List;
import org.springframework.http.server.PathContainer;
import org.springframework.http.server.PathContainer.PathSegment;

/**
 * The paths of the management endpoints, however they are written: the framework takes {@code
 * /%61ctuator;a=b} for {@code /actuator}. Immutable.
 */
final class ManagementPaths {

  private final List<String> base;

  /**
   * Those below a path.
   *
   * @param base {@code management.endpoints.web.base-path}; where it is the root itself, all paths
   *     but the API's may be some
   */
  ManagementPaths(String base) {
    this.base = Arrays.stream(base.split("/", -1)).filter(part -> !part.isEmpty()).toList();
  }

  boolean include(PathContainer path) {
    List<PathContainer.Element> elements = path.elements();
    if (base.isEmpty()) {
      return !ApiPaths.isApi(path.value());
    }
    int matched = 0;
    for (int i = 0; i < elements.size() && matched < base.size(); i++) {
      if (elements.get(i) instanceof PathSegment segment) {
        if (!segment.valueToMatch().equals(base.get(matched))) {
          return false;
        }
        matched++;
      }
    }
    return matched == base.size();
  }
}
