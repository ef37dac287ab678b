/**
 * What serves: {@link ModelCatalog} knows the versions and their states, {@link RepositoryWatch}
 * follows the repository, {@link OnDemandModels} loads what is asked for.
 */
@NullMarked
package io.onnxfleet.engine.catalog;

import org.jspecify.annotations.NullMarked;
