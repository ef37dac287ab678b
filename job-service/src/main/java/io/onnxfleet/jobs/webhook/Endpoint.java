package io.onnxfleet.jobs.webhook;

import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where events are sent to.
 *
 * @param types that it is told of
 * @param owners one of these is whole the name of whose jobs it is told of
 * @param secrets each signs, so that the receiver may change from one to the next; at least one
 */
record Endpoint(
    String name, URI url, Set<EventType> types, List<Pattern> owners, List<SigningSecret> secrets) {

  Endpoint {
    types = Set.copyOf(types);
    owners = List.copyOf(owners);
    secrets = List.copyOf(secrets);
  }

  boolean wants(EventType type, String owner) {
    return types.contains(type)
        && owners.stream().anyMatch(pattern -> pattern.matcher(owner).matches());
  }
}
