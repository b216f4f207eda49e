"""Peers"""
