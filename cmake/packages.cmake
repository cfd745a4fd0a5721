# The Debian package, made by `./dev package`. Paths are written out from the root, as they are on the machine it is installed on.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # cpack installs the program alone; it need not build everything first
set(VIGIA_CONTACT "Vigia developers <vigia@example.invalid>")

set(deploy ${PROJECT_SOURCE_DIR}/deploy)
set(documents usr/share/doc/vigia)
install(TARGETS vigia RUNTIME DESTINATION usr/bin)
install(FILES ${deploy}/systemd/vigia-agent.service ${deploy}/systemd/vigia-gateway.service ${deploy}/systemd/vigia-edge.service
  DESTINATION lib/systemd/system)
install(FILES ${deploy}/systemd/vigia.sysusers.conf DESTINATION usr/lib/sysusers.d RENAME vigia.conf)
install(FILES ${deploy}/systemd/vigia.tmpfiles.conf DESTINATION usr/lib/tmpfiles.d RENAME vigia.conf)
# Tokens may be in them; systemd reads them as root.
install(FILES ${deploy}/systemd/agent.env ${deploy}/systemd/gateway.env ${deploy}/systemd/edge.env DESTINATION etc/vigia
  PERMISSIONS OWNER_READ OWNER_WRITE)
install(FILES ${deploy}/systemd/gateway.yaml DESTINATION etc/vigia)
install(FILES ${deploy}/debian/copyright ${PROJECT_SOURCE_DIR}/docs/deployment.md DESTINATION ${documents})
install(DIRECTORY ${deploy}/prometheus ${deploy}/grafana ${deploy}/kubernetes DESTINATION ${documents}/examples
  FILES_MATCHING PATTERN "*.yml" PATTERN "*.yaml" PATTERN "*.json")
install(FILES ${deploy}/systemd/tfo-otel-agent.service DESTINATION ${documents}/examples/systemd)

# Debian wants changelogs and manual pages compressed, and always the same bytes.
string(TIMESTAMP VIGIA_PACKAGE_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)  # of SOURCE_DATE_EPOCH, where that is set
configure_file(${deploy}/debian/changelog.in ${PROJECT_BINARY_DIR}/changelog.Debian @ONLY)
configure_file(${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_BINARY_DIR}/changelog COPYONLY)
install(CODE "
  function(install_compressed file destination)
    get_filename_component(name \${file} NAME)
    execute_process(COMMAND gzip -9nc \${file} OUTPUT_FILE ${PROJECT_BINARY_DIR}/\${name}.gz COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL ${PROJECT_BINARY_DIR}/\${name}.gz DESTINATION \${CMAKE_INSTALL_PREFIX}/\${destination}
      PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  endfunction()
  install_compressed(${PROJECT_BINARY_DIR}/changelog.Debian ${documents})
  install_compressed(${PROJECT_BINARY_DIR}/changelog ${documents})
  install_compressed(${deploy}/debian/vigia.1 usr/share/man/man1)")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME vigia)
set(CPACK_PACKAGE_CONTACT ${VIGIA_CONTACT})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "node agent, OpenTelemetry collector and gateway")
set(CPACK_PACKAGE_DESCRIPTION "Collects, processes and forwards telemetry: traces, metrics and logs.
As the agent of a node it watches the machine, reads its logs and takes what
applications send; as a gateway it takes what agents send. It runs the
configuration files of the OpenTelemetry Collector as they are.")
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# For the account of the services.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${deploy}/debian/postinst ${deploy}/debian/prerm ${deploy}/debian/postrm ${deploy}/debian/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
